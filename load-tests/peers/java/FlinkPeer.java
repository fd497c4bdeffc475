import java.util.*;
import java.util.concurrent.*;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.*;
import org.apache.flink.api.common.serialization.*;
import org.apache.flink.api.common.typeinfo.*;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.*;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.datastream.*;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.async.*;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Flink MiniCluster. FLINK_MODE=async: AsyncDataStream + micro-batching queue (in-flight
 * records are checkpointed); map: per record.
 */
public class FlinkPeer {
  static final TypeInformation<Tuple2<byte[], byte[]>> T =
      Types.TUPLE(Types.PRIMITIVE_ARRAY(Types.BYTE), Types.PRIMITIVE_ARRAY(Types.BYTE));
  static Contract.Model model;

  static synchronized Contract.Model model() throws Exception {
    if (model == null) model = new Contract.Model();
    return model;
  }

  static class KV implements KafkaRecordDeserializationSchema<Tuple2<byte[], byte[]>> {
    public void deserialize(
        ConsumerRecord<byte[], byte[]> r, Collector<Tuple2<byte[], byte[]>> out) {
      out.collect(Tuple2.of(r.key(), r.value()));
    }

    public TypeInformation<Tuple2<byte[], byte[]>> getProducedType() {
      return T;
    }
  }

  // named classes: lambdas fail the sink's lineage type extraction
  static class Key implements SerializationSchema<Tuple2<byte[], byte[]>> {
    public byte[] serialize(Tuple2<byte[], byte[]> r) {
      return r.f0;
    }
  }

  static class Val implements SerializationSchema<Tuple2<byte[], byte[]>> {
    public byte[] serialize(Tuple2<byte[], byte[]> r) {
      return r.f1;
    }
  }

  static class Map1 extends RichMapFunction<Tuple2<byte[], byte[]>, Tuple2<byte[], byte[]>> {
    public Tuple2<byte[], byte[]> map(Tuple2<byte[], byte[]> r) throws Exception {
      Contract.first();
      return Tuple2.of(r.f0, model().infer(List.of(r.f1)).get(0));
    }
  }

  static class Batcher extends RichAsyncFunction<Tuple2<byte[], byte[]>, Tuple2<byte[], byte[]>> {
    record Item(Tuple2<byte[], byte[]> r, ResultFuture<Tuple2<byte[], byte[]>> f) {}

    transient LinkedBlockingQueue<Item> q;
    transient Thread t;

    public void open(OpenContext c) throws Exception {
      q = new LinkedBlockingQueue<>();
      var m = model();
      t =
          new Thread(
              () -> {
                try {
                  for (; ; ) { // whatever has queued up while the last batch ran
                    List<Item> b = new ArrayList<>();
                    b.add(q.take());
                    q.drainTo(b, Contract.BATCH - 1);
                    try {
                      var out = m.infer(b.stream().map(i -> i.r.f1).toList());
                      for (int i = 0; i < out.size(); i++)
                        b.get(i).f.complete(List.of(Tuple2.of(b.get(i).r.f0, out.get(i))));
                    } catch (Exception e) {
                      b.forEach(i -> i.f.completeExceptionally(e));
                    }
                  }
                } catch (InterruptedException e) {
                }
              });
      t.setDaemon(true);
      t.start();
    }

    public void asyncInvoke(Tuple2<byte[], byte[]> r, ResultFuture<Tuple2<byte[], byte[]>> f) {
      Contract.first();
      q.add(new Item(r, f));
    }

    public void close() {
      if (t != null) t.interrupt();
    }
  }

  public static void main(String[] a) throws Exception {
    var env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(Integer.parseInt(Contract.env("FLINK_PAR", Contract.HEAVY ? "1" : "2")));
    env.enableCheckpointing(1000);
    env.getConfig().enableObjectReuse();
    var src =
        KafkaSource.<Tuple2<byte[], byte[]>>builder()
            .setBootstrapServers(Contract.BOOTSTRAP)
            .setTopics(Contract.IN)
            .setGroupId(Contract.GROUP)
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setDeserializer(new KV())
            .build();
    var in = env.fromSource(src, WatermarkStrategy.noWatermarks(), "in", T);
    SingleOutputStreamOperator<Tuple2<byte[], byte[]>> out =
        Contract.env("FLINK_MODE", "async").equals("map")
            ? in.map(new Map1()).returns(T)
            : AsyncDataStream.unorderedWait(
                    in, new Batcher(), 60, TimeUnit.SECONDS, 4 * Contract.BATCH)
                .returns(T);
    out.sinkTo(
        KafkaSink.<Tuple2<byte[], byte[]>>builder()
            .setBootstrapServers(Contract.BOOTSTRAP)
            .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
            .setRecordSerializer(
                KafkaRecordSerializationSchema.<Tuple2<byte[], byte[]>>builder()
                    .setTopic(Contract.OUT)
                    .setKeySerializationSchema(new Key())
                    .setValueSerializationSchema(new Val())
                    .build())
            .build());
    env.execute("peer");
  }
}
