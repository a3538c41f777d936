// What the two limits send: the frames of the protocol (PROTOCOL.md) for a call, several of a turn in one write. Nothing is
// validated, and there are no deadlines, scopes or quotas. It shares no code with the runtime, so that a change there does not
// move the limit.

const HEADER = 10;
const [OPEN, STATUS] = [2, 6];
const FIELDS = { [OPEN]: 10, [STATUS]: 2 };
const SLAB = 64 * 1024;
/** Bytes after which a batch is sent before its turn ends. */
const FULL = 16 * 1024;

/** Reads and writes frames on a duplex. */
class FrameLink {
  #duplex;
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #start = 0;
  #end = 0;
  #turn;
  #frames = 0;
  #busy = false;

  constructor(duplex, receive) {
    this.#duplex = duplex;
    duplex.on("data", reader(receive));
  }

  send(kind, id, field, value) {
    const body = JSON.stringify(value);
    const size = HEADER + FIELDS[kind];
    if (body.length * 3 + size > FULL) this.#sendLarge(kind, id, field, body);
    else {
      if (SLAB - this.#end < size + body.length * 3) this.#renew();
      const start = this.#end;
      this.#end = start + size + this.#slab.write(body, start + size);
      header(this.#slab, start, { kind, id, field, size: this.#end - start - HEADER });
    }
    this.#frames++;
    if (this.#turn === undefined) {
      if (!this.#busy) this.#flush();
      this.#turn = setImmediate(this.#endTurn);
    } else if (this.#end - this.#start >= FULL) this.#flush();
  }

  #sendLarge(kind, id, field, body) {
    this.#flush();
    const size = HEADER + FIELDS[kind];
    const frame = Buffer.allocUnsafeSlow(size + Buffer.byteLength(body));
    frame.write(body, size);
    header(frame, 0, { kind, id, field, size: frame.length - HEADER });
    this.#duplex.write(frame);
  }

  #renew() {
    this.#flush();
    this.#slab = Buffer.allocUnsafeSlow(SLAB);
    this.#start = this.#end = 0;
  }

  #flush() {
    if (this.#start === this.#end) return;
    this.#duplex.write(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #endTurn = () => {
    this.#turn = undefined;
    this.#busy = this.#frames > 1;
    this.#frames = 0;
    this.#flush();
  };
}

function header(target, at, { kind, id, field, size }) {
  target.writeUInt32BE(size, at);
  target[at + 4] = kind;
  target[at + 5] = 0;
  target.writeUInt32BE(id, at + 6);
  target.writeUInt16BE(field, at + HEADER);
  if (kind === OPEN) target.fill(0, at + HEADER + 2, at + HEADER + FIELDS[OPEN]);
}

/** Cuts chunks into frames; one that spans chunks is joined once all of it is there. */
function reader(receive) {
  let parts = [];
  let held = 0;
  let wanted = HEADER;
  return (chunk) => {
    parts.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    const buffer = parts.length === 1 ? chunk : Buffer.concat(parts);
    let at = 0;
    wanted = HEADER;
    while (buffer.length - at >= HEADER) {
      const end = at + HEADER + buffer.readUInt32BE(at);
      if (buffer.length < end) {
        wanted = end - at;
        break;
      }
      const body = at + HEADER + FIELDS[buffer[at + 4]];
      receive(
        buffer.readUInt32BE(at + 6),
        buffer.readUInt16BE(at + HEADER),
        JSON.parse(buffer.toString("utf8", body, end)),
      );
      at = end;
    }
    held = buffer.length - at;
    parts = held === 0 ? [] : [buffer.subarray(at)];
  };
}

/** Responds each call with its request. */
export function serveFrames(duplex) {
  const link = new FrameLink(duplex, (id, _method, value) => link.send(STATUS, id, 200, value));
}

/** Makes calls on a duplex. @returns {import("../peer.js").Echo} */
export function frameCalls(duplex) {
  const pending = new Map();
  const link = new FrameLink(duplex, (id, _code, value) => {
    const resolve = pending.get(id);
    pending.delete(id);
    resolve(value);
  });
  let nextId = 1;
  const call = (method) => (value) =>
    new Promise((resolve) => {
      const id = nextId;
      nextId += 2;
      pending.set(id, resolve);
      link.send(OPEN, id, method, value);
    });
  return { item: call(0), list: call(1), text: call(2) };
}
