/**
 * One request over HTTP/1.1 with Node's own client. `fetch` would do, and takes six times as long as `node -e 0` before its first
 * answer is there, this less than twice as long (Node 20.20).
 */
import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";

export interface Reply {
  readonly status: number;
  /** A header by its name in lower case; of several by one name what HTTP makes of them. */
  readonly header: (name: string) => string | null;
  /** Unpacked. Throws what the connection throws; who leaves it early ends the connection. */
  readonly body: Readable;
}

export interface Sending {
  /** Of the answer's head. Rejects with the error of the connection, of TLS, of the parser. */
  readonly reply: Promise<Reply>;
  /** Ends the connection: the reply, or its body, breaks. */
  readonly cancel: () => void;
  /** What became of the connection, if it broke while the body was read: there Node says no more than that it was cut. */
  readonly broken: () => unknown;
  /** It had a connection, TLS included. */
  readonly hasConnection: () => boolean;
  /** How often it went out again, see `send`. */
  readonly repeated: () => number;
}

interface Attempt extends Omit<Sending, "repeated"> {
  /** It went out on a connection that was kept from before, which then turned out to be gone: nobody has answered it. */
  readonly isStale: () => boolean;
}

export interface Message {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly agent: Agent;
}

/** More than one coding is rare; a long list is a way to take memory. */
const MOST_CODINGS = 2;

/** The body as it was before it was packed; as it is, where the coding is none of gzip, deflate and br. */
async function unpacked(message: IncomingMessage): Promise<Readable> {
  const named = message.headers["content-encoding"]?.toLowerCase().split(",") ?? [];
  const codings = named.map((coding) => coding.trim()).filter((coding) => coding !== "" && coding !== "identity");
  const known = codings.every((coding) => /^(?:x-)?gzip$|^deflate$|^br$/.test(coding));
  if (codings.length === 0 || codings.length > MOST_CODINGS || !known) return message;
  const { constants, createBrotliDecompress, createUnzip } = await import("node:zlib");
  // As clients do: what has come is handed on at once, and a missing end is no error.
  const zip = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  const brotli = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };
  return codings.reverse().reduce<Readable>((packed, coding) => {
    const unpack = coding === "br" ? createBrotliDecompress(brotli) : createUnzip(zip);
    return pipeline(packed, unpack, () => undefined);
  }, message);
}

/**
 * Node gives one code to a connection that was closed and to one that was reset; only the latter comes from the system. An
 * error from before there was a connection has a code that is right.
 */
function named(error: unknown, isConnected: boolean): unknown {
  const closed =
    isConnected && Reflect.get(Object(error), "code") === "ECONNRESET" && !Reflect.has(Object(error), "syscall");
  return closed ? Object.assign(new Error("closed"), { code: "ERR_STREAM_PREMATURE_CLOSE" }) : error;
}

const GONE = new Set(["ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET", "EPIPE"]);

const MOST_REPEATS = 2;

/**
 * Sends a request to the URL, through the agent. Follows nothing. A server may close a connection just when it is used again: the
 * request goes out once more then, as from a browser.
 */
export function send(message: Message): Sending {
  let attempt = attemptOf(message);
  let repeated = 0;
  let isCancelled = false;
  const reply = async (): Promise<Reply> => {
    for (;;) {
      try {
        return await attempt.reply;
      } catch (error) {
        if (isCancelled || repeated === MOST_REPEATS || !attempt.isStale()) throw error;
        repeated++;
        attempt = attemptOf(message);
      }
    }
  };
  return {
    reply: reply(),
    cancel: () => {
      isCancelled = true;
      attempt.cancel();
    },
    broken: () => attempt.broken(),
    hasConnection: () => attempt.hasConnection(),
    repeated: () => repeated,
  };
}

/** The request, once. */
function attemptOf({ url, method, headers, body, agent }: Message): Attempt {
  let failure: unknown;
  let socket: Socket | undefined;
  let readBefore = 0;
  let isAnswered = false;
  let sent: ClientRequest | undefined;
  let give: (error: Error) => void = () => undefined;
  const reply = new Promise<Reply>((resolve, reject) => {
    give = reject;
    sent = request({
      agent,
      method,
      host: url.hostname,
      port: url.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        ...headers,
        host: url.host,
        // no deflate: some send it without its frame
        "accept-encoding": "gzip, br",
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
      },
    });
    // all of them: by default Node drops those after the thousandth, and 16 KiB are the limit in any case
    sent.maxHeadersCount = 0;
    sent.once("socket", (used) => {
      socket = used;
      readBefore = used.bytesRead;
    });
    // what comes behind an answer takes nothing from what its head says
    const fail = (error: unknown): void => {
      failure ??= named(error, socket !== undefined);
      if (!isAnswered) reject(failure);
    };
    sent.on("error", fail);
    sent.once("close", () => {
      if (!isAnswered) fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    });
    sent.once("upgrade", ({ statusCode }, upgraded) => {
      // nobody asked for another protocol
      isAnswered = true;
      upgraded.destroy();
      resolve({ status: statusCode ?? 0, header: () => null, body: Readable.from([]) });
    });
    sent.once("response", (message) => {
      isAnswered = true;
      // who reads it hears of it too
      message.on("error", (error) => {
        failure ??= named(error, true);
      });
      unpacked(message).then((readable) => {
        const header = (name: string): string | null => {
          const value = message.headers[name];
          return value === undefined ? null : [value].flat().join(", ");
        };
        resolve({ status: message.statusCode ?? 0, header, body: readable });
      }, reject);
    });
    sent.end(body);
  });
  const cancel = (): void => {
    // Node waits for a connection before it ends a request
    give(new Error("cancelled"));
    sent?.destroy();
  };
  const isStale = (): boolean => {
    const code: unknown = Reflect.get(Object(failure), "code");
    const isSilent = !isAnswered && socket?.bytesRead === readBefore;
    return sent?.reusedSocket === true && isSilent && typeof code === "string" && GONE.has(code);
  };
  return { reply, cancel, broken: () => failure, hasConnection: () => socket !== undefined, isStale };
}
