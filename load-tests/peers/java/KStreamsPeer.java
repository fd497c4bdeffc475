import java.util.*;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.*;

/**
 * Kafka Streams, mapValues per record (a buffering processor would commit offsets of
 * records it still holds).
 */
public class KStreamsPeer {
  public static void main(String[] a) throws Exception {
    var model = new Contract.Model();
    var p = new Properties();
    p.put("application.id", Contract.GROUP);
    p.put("bootstrap.servers", Contract.BOOTSTRAP);
    p.put("default.key.serde", Serdes.ByteArraySerde.class);
    p.put("default.value.serde", Serdes.ByteArraySerde.class);
    p.put("num.stream.threads", Contract.env("KS_THREADS", Contract.HEAVY ? "1" : "2"));
    p.put("state.dir", Contract.env("RUN_DIR", "/tmp"));
    p.put("consumer.auto.offset.reset", "earliest");
    String linger = Contract.env("KS_LINGER", ""); // Streams' own default is 100 ms
    if (!linger.isEmpty()) p.put("producer.linger.ms", linger);
    var b = new StreamsBuilder();
    b.<byte[], byte[]>stream(Contract.IN)
        .mapValues(
            v -> {
              Contract.first();
              try {
                return model.infer(List.of(v)).get(0);
              } catch (Exception e) {
                throw new RuntimeException(e);
              }
            })
        .to(Contract.OUT);
    var ks = new KafkaStreams(b.build(), p);
    Runtime.getRuntime().addShutdownHook(new Thread(ks::close));
    ks.start();
  }
}
