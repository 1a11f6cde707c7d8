// Typed events. An exception of a listener is reported as uncaught, and does not keep the others from being called.

type Listener<T> = (event: T) => void;

/** A source of events: `Events` maps the name of each event to the type of its data. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls the listener at each event of this name. Returns the function that ends that. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const own: Listener<Events[Name]> = (event) => listener(event); // the same function may be given twice
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** Calls the listeners one after the other. It stops when `holds` is false, as after a listener changed the state. */
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
