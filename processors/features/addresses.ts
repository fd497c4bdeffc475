// Where web addresses, e-mail domains and list markers end. Each looks ahead once, so that reading stays linear.
import { classAt, DIGIT, isSurrogate, LETTER, SPACE, UNSPACED } from './characters.ts';

const schemes: readonly string[] = ['https://', 'http://', 'ftp://', 'www.'];
const trailing = '.,;:!?…)]}\'"*_';
const domainUnitsMax = 255;

/** One past the web address that begins at `start`; `start` where none does. */
export function addressEnd(text: string, start: number): number {
  const head = text.slice(start, start + 8).toLowerCase();
  const scheme = schemes.find((prefix) => head.startsWith(prefix));
  if (scheme === undefined) return start;
  const first = start + scheme.length;
  let end = first;
  while (end < text.length && isAddressUnit(text.charCodeAt(end))) end++;
  // A mark at the end belongs to the sentence, not to the address.
  while (end > first && trailing.includes(text[end - 1] as string)) end--;
  return end > first ? end : start;
}

function isAddressUnit(unit: number): boolean {
  if (unit === 0x3c || unit === 0x3e || unit === 0x22 || unit === 0x60) return false;
  return isSurrogate(unit) || (classAt(unit) & (SPACE | UNSPACED)) === 0;
}

/** One past the mail domain that begins at `start`, as in `example.org`; `start` where none does. */
export function domainEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + domainUnitsMax);
  let end = start;
  let dotted = false;
  while (end < limit) {
    const unit = text.charCodeAt(end);
    const isWord = (classAt(unit) & (LETTER | DIGIT)) !== 0;
    if (unit === 0x2e) {
      if (end === start || (classAt(text.charCodeAt(end + 1)) & (LETTER | DIGIT)) === 0) break;
      dotted = true;
    } else if (!isWord && unit !== 0x2d) break;
    end++;
  }
  return dotted ? end : start;
}

const bullets = '-*+•‣◦▪–—·';

/** One past the bullet, number or letter that makes the line at `start` a list item; `start` where none does. */
export function listMarkerEnd(text: string, start: number): number {
  if (bullets.includes(text.charAt(start)) && isBlank(text, start + 1)) return start + 1;
  let end = start;
  while (end < start + 3 && (classAt(text.charCodeAt(end)) & DIGIT) !== 0) end++;
  const mark = text.charAt(end);
  if (end > start && mark === '、') return end + 1;
  if (end > start && (mark === '.' || mark === ')') && isBlank(text, end + 1)) return end + 1;
  const isLetter = (classAt(text.charCodeAt(start)) & LETTER) !== 0;
  return isLetter && text.charAt(start + 1) === ')' && isBlank(text, start + 2) ? start + 2 : start;
}

const isBlank = (text: string, place: number): boolean => text.charCodeAt(place) === 0x20;
