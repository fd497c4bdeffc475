// Passwords and keys in texts that people get to see: addresses, error messages, log lines.

// Up to the last @ of the word: a password may hold what does not belong into an address, an @ or a slash.
const password = /(:\/\/[^:/@\s"]*:)[^\s"\\]*@/g;
const parameter = /([?&][\w-]*(?:password|passwd|token|secret|apikey|api_key|signature)[\w-]*=)[^&\s"\\]+/gi;
const apiKey = /\bmr_([0-9a-f]{12})_[\w-]+/g;
const bearer = /\b(bearer|basic) [\w.+/=-]{8,}/gi;

/** The text with passwords in addresses, credentials in headers and API keys blotted out. Safe for lines of JSON. */
export function withoutSecrets(text: string): string {
  return text
    .replace(password, '$1***@')
    .replace(parameter, '$1***')
    .replace(apiKey, 'mr_$1_***')
    .replace(bearer, '$1 ***');
}
