import ai.onnxruntime.*;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import java.nio.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.regex.*;

/**
 * Shared contract for the JVM peers: config, features, model, output rendering. Model is
 * thread-safe.
 */
public final class Contract {
  static String env(String k, String d) {
    return System.getenv().getOrDefault(k, d);
  }

  static final String BOOTSTRAP = env("BOOTSTRAP", "127.0.0.1:29192"),
      IN = env("IN_TOPIC", "peer.in"),
      OUT = env("OUT_TOPIC", "peer.out"),
      GROUP = env("GROUP", "peer"),
      MODEL = env("MODEL", "light");
  static final boolean HEAVY = MODEL.equals("heavy");
  static final int BATCH = Integer.parseInt(env("BATCH", HEAVY ? "32" : "500")),
      WAIT = Integer.parseInt(env("MAX_WAIT_MS", "50")),
      THREADS = Integer.parseInt(env("ORT_THREADS", "1"));
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");
  private static boolean seen;

  static synchronized void first() {
    if (!seen) {
      seen = true;
      System.out.println("FIRST " + System.currentTimeMillis());
      System.out.flush();
    }
  }

  static int fnv(int h, byte[] b) {
    for (byte x : b) h = (h ^ (x & 0xff)) * 16777619;
    return h;
  }

  static long[] features(String text) {
    List<String> w = new ArrayList<>();
    Matcher m = WORD.matcher(text.toLowerCase(Locale.ROOT));
    while (m.find()) w.add(m.group());
    if (HEAVY) {
      int n = Math.min(126, w.size());
      long[] r = new long[n + 2];
      r[0] = 101;
      r[n + 1] = 102;
      for (int i = 0; i < n; i++)
        r[i + 1] =
            1000
                + Integer.remainderUnsigned(
                    fnv(0x811c9dc5, w.get(i).getBytes(StandardCharsets.UTF_8)), 29522);
      return r;
    }
    int n = w.size(), k = Math.min(128, n + Math.max(0, n - 1));
    long[] r = new long[k];
    int[] u = new int[n];
    for (int i = 0; i < n; i++) {
      u[i] = fnv(0x811c9dc5, w.get(i).getBytes(StandardCharsets.UTF_8));
      if (i < k) r[i] = u[i] & 0x3ffff;
    }
    for (int i = 0; n + i < k; i++)
      r[n + i] = fnv(u[i], (" " + w.get(i + 1)).getBytes(StandardCharsets.UTF_8)) & 0x3ffff;
    return r;
  }

  static final class Model implements AutoCloseable {
    final OrtEnvironment env = OrtEnvironment.getEnvironment();
    final OrtSession s;
    final String[] names;

    Model() throws OrtException {
      var o = new OrtSession.SessionOptions();
      o.setIntraOpNumThreads(THREADS);
      o.setInterOpNumThreads(1);
      s = env.createSession(env("MODEL_PATH", ""), o);
      names = s.getInputNames().toArray(new String[0]);
    }

    float[][] run(List<long[]> f) throws OrtException {
      int n = f.size(), L = 1;
      for (long[] x : f) L = Math.max(L, x.length);
      LongBuffer ids =
          ByteBuffer.allocateDirect(n * L * 8).order(ByteOrder.nativeOrder()).asLongBuffer();
      ByteBuffer mb =
          ByteBuffer.allocateDirect(n * L * (HEAVY ? 8 : 4)).order(ByteOrder.nativeOrder());
      for (int i = 0; i < n; i++)
        for (int j = 0; j < f.get(i).length; j++) {
          ids.put(i * L + j, f.get(i)[j]);
          if (HEAVY) mb.putLong((i * L + j) * 8, 1);
          else mb.putFloat((i * L + j) * 4, 1f);
        }
      long[] shape = {n, L};
      try (var a = OnnxTensor.createTensor(env, ids, shape);
          var b =
              HEAVY
                  ? OnnxTensor.createTensor(env, mb.asLongBuffer(), shape)
                  : OnnxTensor.createTensor(env, mb.asFloatBuffer(), shape);
          var r = s.run(Map.of(names[0], a, names[1], b))) {
        return (float[][]) r.get(0).getValue();
      }
    }

    /** JSON in, JSON out, same order; model calls of at most BATCH rows. */
    List<byte[]> infer(List<byte[]> values) throws Exception {
      List<JsonNode> recs = new ArrayList<>();
      List<long[]> f = new ArrayList<>();
      List<byte[]> out = new ArrayList<>();
      for (byte[] v : values) {
        JsonNode r = JSON.readTree(v);
        recs.add(r);
        f.add(features(r.get("text").asText()));
      }
      for (int s0 = 0; s0 < f.size(); s0 += BATCH) {
        float[][] p = run(f.subList(s0, Math.min(f.size(), s0 + BATCH)));
        for (int i = 0; i < p.length; i++) {
          ObjectNode o = JSON.createObjectNode();
          JsonNode r = recs.get(s0 + i);
          int best = 0;
          for (int k = 1; k < 3; k++) if (p[i][k] > p[i][best]) best = k;
          o.put("id", r.get("id").asText()).put("label", best);
          ArrayNode a = o.putArray("probs");
          for (float x : p[i]) a.add(Math.round(x * 1e6) / 1e6);
          o.put("model", MODEL).put("latencyMs", System.currentTimeMillis() - r.get("ts").asLong());
          out.add(JSON.writeValueAsBytes(o));
        }
      }
      return out;
    }

    public void close() throws OrtException {
      s.close();
    }
  }
}
