/** What `sshrpc serve` takes. */
export interface ServeFlags {
  readonly handlers: string;
  readonly audit?: string;
  readonly grace?: number;
  readonly stdio?: boolean;
  readonly scopes?: readonly string[];
  readonly forced?: boolean;
  readonly log?: string;
  readonly hostKey?: string;
  readonly authorizedKeys?: string;
  readonly revokedKeys?: string;
  readonly listen: string;
  readonly port: number;
  readonly proxyProtocol?: readonly string[];
  readonly korv?: boolean;
  readonly exec: boolean;
  readonly shell: boolean | string;
  readonly home: string;
}
