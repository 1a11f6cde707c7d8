// Why a request got no answer, or an error for one.
import type { ErrorFrame } from './protocol.ts';

export class RequestError extends Error {
  override readonly name = 'RequestError';

  /** `code` is the server's, or `disconnected` where the request may not have reached it, or its answer did not come. */
  constructor(
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }

  static of({ code, reason }: Pick<ErrorFrame, 'code' | 'reason'>): RequestError {
    return new RequestError(code, reason);
  }
}
