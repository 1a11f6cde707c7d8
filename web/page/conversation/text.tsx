// The text of a message.
export function Text({ text }: { text: string }) {
  return <div class="text" data-testid="text"><p dir="auto">{text}</p></div>;
}
