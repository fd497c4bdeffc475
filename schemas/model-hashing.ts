// How a `hashed` model's words become ids: serving, importing and the byte path read the same options.
import { z } from 'zod';

/** How words become ids: runs of letters and digits (`\p{L}|\p{N}`) of the lower-cased text, FNV-1a of their UTF-8. */
export const hashingSchema = z
  .strictObject({
    /** Pairs of neighbouring words, with a space between them, also become ids: after all words. */
    bigrams: z.boolean().default(false),
    /** An id is `offset` and the rest of the unsigned hash divided by `buckets`. */
    buckets: z.int().min(1).max(0x7fff_ffff),
    offset: z.int().min(0).max(0x7fff_ffff).default(0),
    /** Ids before and after those of the words. */
    prefixIds: z.array(z.int().nonnegative()).max(16).readonly().default([]),
    suffixIds: z.array(z.int().nonnegative()).max(16).readonly().default([]),
    /** Ids of one text at most, those that frame it counted; what follows is not read. */
    idsMax: z.int().min(1).max(8_192),
    /** Fills up shorter texts of a batch, where the mask is 0. */
    padId: z.int().nonnegative().default(0),
  })
  .refine(({ prefixIds, suffixIds, idsMax }) => prefixIds.length + suffixIds.length < idsMax, {
    message: 'leaves no room for words: more ids frame a text than it may have',
    path: ['idsMax'],
  })
  .refine(({ offset, buckets }) => offset + buckets <= 0x7fff_ffff, {
    message: 'and `buckets` give ids of more than 31 bits',
    path: ['offset'],
  })
  .readonly();
export type HashingOptions = z.infer<typeof hashingSchema>;
