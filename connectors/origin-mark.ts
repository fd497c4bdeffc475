// The mark that says which input record an output was made of: what a restart recognises an output by that has no id
// of its own, and what anyone can find the input with.

/** Header of such outputs: `<stream>/<topic>/<partition>/<offset>`. */
export const originHeader = 'millrace-origin';

/** What the marks of one input partition begin with. */
export const originPrefix = (stream: string, topic: string, partition: number): string =>
  `${stream}/${topic}/${partition}/`;
