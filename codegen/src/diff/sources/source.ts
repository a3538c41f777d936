import type { Contract } from "sshrpc/contract";
import type { ApiModel } from "../../model/api-model.js";

/** A contract with where it comes from. */
export interface Source {
  /** As the command line names it. */
  readonly label: string;
  readonly contract: Contract;
  /** False where a server has shown only what the key may call. */
  readonly complete: boolean;
  /** The model, with the lines of its parts, where a schema of the project was loaded. */
  readonly model?: ApiModel;
  /** The file of a contract, relative to the working directory, and its text. */
  readonly json?: { readonly file: string; readonly text: string };
}

/** How a server is reached: options of `connect`. */
export interface ServerOptions {
  /** The SSH client: that of this package, or the program `ssh` with its configuration. */
  readonly transport: "ssh2" | "openssh";
  /** The private key, as an absolute path. */
  readonly identity?: string;
  /** The file of trusted host keys, as an absolute path. */
  readonly knownHosts?: string;
}

/** The folder of a run, and what its config file says. */
export interface SourceOptions {
  readonly cwd: string;
  readonly schema: string;
  readonly out: string;
  /** See `GenerateOptions.loadTimeout`. */
  readonly loadTimeout: number;
  readonly server: ServerOptions;
}
