// A process that delivers alerts to a webhook until it is killed: `deliverer-process.ts <directory> <webhook URL>`.
import { AlertBook } from '../../../streams/alerts/book.ts';
import { channelsOf } from '../../../streams/alerts/channels.ts';
import { startDelivery } from '../../../streams/alerts/delivery.ts';
import { openLightStack } from './subject.ts';

const [, , directory = '', url = ''] = process.argv;
const stack = await openLightStack(directory, { MILLRACE_ALERTS_WEBHOOK_URL: url });
const book = await AlertBook.open(stack);
for (const channel of channelsOf(stack)) await startDelivery(stack, { ...channel, book, channels: [] });
process.stdout.write('delivering\n');
