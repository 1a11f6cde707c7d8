// Any error in a sentence for a person.

/**
 * What an error says, for a person. One of several addresses of one name has its words in its parts; one of a full disk
 * may have a name and no words.
 */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, name, code, errors, cause } = error as Error & { code?: unknown; errors?: unknown; cause?: unknown };
  const inner = [errors, cause].flat().find((part) => part instanceof Error);
  return message || (inner ? sentenceOf(inner) : typeof code === 'string' && code) || name;
}
