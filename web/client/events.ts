// Events with a name and a type each. A listener that throws is reported as uncaught, and harms nobody else.

type Listener<T> = (event: T) => void;

export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls the listener at each such event from now on, until the function that this gives back is called. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const own: Listener<Events[Name]> = (event) => listener(event); // the same function may be given twice
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** Tells the listeners, one after the other, as long as it `holds`: one of them may have changed that. */
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name], holds = () => true): void {
    for (const listener of [...(this.listeners.get(name) ?? [])] as Listener<Events[Name]>[]) {
      if (!holds()) return;
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
