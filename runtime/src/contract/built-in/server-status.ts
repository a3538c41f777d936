/** What a contract is called; its hash identifies it. */
export interface NamedContract {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
}

/** What {@link ServerStatus} sorts connections and keys by, each from the largest: the time that they are open, what they run, hold and have sent. */
export const STATUS_ORDERS = ["age", "calls", "memory", "traffic"] as const;

/** Maximum of `rows`: those of each list of {@link ServerStatus}. */
export const MAX_ROWS = 1000;
/** The default number of rows. */
export const ROWS = 100;

/** What `GET /sshrpc/status` takes. */
export interface StatusRequest {
  /** Rows of each list, up to 1,000. Default: 100. */
  readonly rows?: number;
  /** Default: `calls`. */
  readonly order?: (typeof STATUS_ORDERS)[number];
}

/** A list with at most as many rows as were asked for. */
export interface Rows<Row> {
  readonly rows: readonly Row[];
  /** The number of rows that are left out. */
  readonly omitted: number;
}

/** A connection in {@link ServerStatus}. Texts of peers are escaped, and cut after 64 characters. */
export interface ConnectionStatus {
  /** That of the log, and of `DELETE /sshrpc/connections/{id}`; absent in memory. */
  readonly id?: string;
  /** The user name of the login, as the client claims it. */
  readonly user: string;
  /** The name that the login has proven. */
  readonly principal?: string;
  readonly fingerprint?: string;
  readonly keyName?: string;
  readonly address?: string;
  /** Milliseconds since the login. */
  readonly age: number;
  /** Calls that run. */
  readonly calls: number;
  /** Bytes of memory that its calls hold. */
  readonly memory: number;
  /** Bytes of its transport so far; absent where they are unknown, as in memory and under sshd. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/** A method in {@link ServerStatus}. */
export interface MethodStatus {
  /** Its id, such as `GET /notes/{id}`; `(unknown)` for calls of methods that do not exist. */
  readonly method: string;
  /** Calls that run. */
  readonly running: number;
  /** Calls that have ended since {@link ServerStatus.calls}.since. */
  readonly ended: number;
  /** These by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Calls that ended per second, in the latest window. */
  readonly rate: number;
  /** Median and 99th percentile of their duration in the latest window, in ms; absent where none has ended in it. */
  readonly p50?: number;
  readonly p99?: number;
}

/** What a key holds of a resource, and its limit, if it has one. */
interface Usage {
  readonly held: number;
  readonly limit?: number;
}

/** A key in {@link ServerStatus}: all connections of one identity. */
export interface KeyStatus {
  /** `key SHA256:…`, `certificate AUTHORITY ID`, `user NAME`, `address ADDRESS` or `local`. */
  readonly key: string;
  readonly connections: Usage;
  readonly calls: Usage;
  readonly callbacks: Usage;
  readonly memory: Usage;
  /** Calls that it may begin per second, if it has a limit of them. */
  readonly rate?: number;
}

/** One process of a server. */
interface ProcessStatus {
  readonly pid: number;
  /** That of Node. */
  readonly version: string;
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly external: number };
  /** CPU time since the process began. */
  readonly cpu: number;
  readonly eventLoop: {
    /** The part of the time in which the event loop worked, from 0 to 1, since the previous status call, or since the server began. */
    readonly utilization: number;
    /** How late its timers ran, from the previous status call on: absent in the first one. */
    readonly delay?: { readonly mean: number; readonly p99: number; readonly max: number };
  };
}

/** What `GET /sshrpc/status` responds. Times in ms, sizes in bytes. */
export interface ServerStatus {
  readonly status: "ok" | "draining";
  readonly uptime: number;
  /** The version of sshrpc. */
  readonly version: string;
  readonly contract: NamedContract;
  /** The process; memory and CPU time of a server with several are those of all. */
  readonly node: ProcessStatus;
  /** Each process of a server with several, the one first that has answered. */
  readonly processes?: readonly ProcessStatus[];
  readonly connections: Rows<ConnectionStatus> & { readonly open: number };
  readonly calls: Rows<MethodStatus> & {
    readonly running: number;
    /** Those that run and have a stream in either direction. */
    readonly streams: number;
    /** Milliseconds for which ended calls have been counted: from the first status call on. */
    readonly counted: number;
    /** Milliseconds of the latest window. */
    readonly window: number;
  };
  readonly keys: Rows<KeyStatus> & {
    /** Keys that hold anything. */
    readonly active: number;
    /** Keys that authorized_keys lists; absent where a function decides, and under sshd. */
    readonly authorized?: number;
    /** When the next of these expires, by `expiry-time`, in ms since 1970; absent if none will. */
    readonly nextExpiry?: number;
  };
}
