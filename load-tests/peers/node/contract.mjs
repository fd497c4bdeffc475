// Text to tensors, the same as python/contract.py.
const encoder = new TextEncoder();
const bytes = new Uint8Array(4096);

function fnv(state, count) {
  let hash = state;
  for (let i = 0; i < count; i++) hash = Math.imul(hash ^ bytes[i], 16777619);
  return hash;
}

const hash = (state, text) => fnv(state, encoder.encodeInto(text, bytes).written);

/** Ids of one text: hashes of words and pairs (light) or of words between the two marks (heavy). */
export function features(text, heavy) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (heavy)
    return [101, ...words.slice(0, 126).map((word) => 1000 + ((hash(0x811c9dc5, word) >>> 0) % 29522)), 102];
  const singles = words.map((word) => hash(0x811c9dc5, word));
  const ids = singles.map((single) => single & 0x3ffff);
  for (let i = 0; i + 1 < words.length && ids.length < 128; i++)
    ids.push(hash(singles[i], ` ${words[i + 1]}`) & 0x3ffff);
  return ids.length > 128 ? ids.slice(0, 128) : ids;
}

/** Inputs of one call, padded to its longest row. */
export function pack(ort, rows, heavy, names) {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const size = rows.length * width;
  const ids = new BigInt64Array(size);
  const mask = heavy ? new BigInt64Array(size) : new Float32Array(size);
  const one = heavy ? 1n : 1;
  rows.forEach((row, i) => {
    for (let j = 0; j < row.length; j++) {
      ids[i * width + j] = BigInt(row[j]);
      mask[i * width + j] = one;
    }
  });
  const shape = [rows.length, width];
  return {
    [names[0]]: new ort.Tensor('int64', ids, shape),
    [names[1]]: new ort.Tensor(heavy ? 'int64' : 'float32', mask, shape),
  };
}
