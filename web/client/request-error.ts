// The error of a request that failed or was not answered.
import type { ErrorFrame } from './protocol.ts';

/** A request failed, was not answered, or was not valid. The message is a sentence for a person. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  /**
   * `code` is the code of the server's error, or `disconnected` if there was no connection or it was lost before the
   * answer came: the server may have acted on the request.
   */
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }

  /** Returns the error for an error frame of the server, or for a check made here. */
  static of({ code, reason }: Pick<ErrorFrame, 'code' | 'reason'>): RequestError {
    return new RequestError(code, reason);
  }
}
