// Where a conversation's transcript is, in each form that the server writes.
import { root } from '../root.ts';

export const formats = ['md', 'txt', 'json', 'jsonl'] as const;
export type Format = (typeof formats)[number];

export function transcriptOf(conversation: string, format: Format): string {
  return `${root.pathname}api/conversations/${encodeURIComponent(conversation)}/transcript?format=${format}`;
}
