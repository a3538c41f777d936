// Raw bytes: one transfer a round, by the clients of each peer, and by stock ssh.

const MIB = 2 ** 20;

/** @returns {import("./cells.js").Cell} */
const cell = (direction, { name, title, peers, more = [] }) => ({
  name: `${name}/${direction}`,
  title: `1 GiB ${title}`,
  unit: "MB",
  peers,
  more,
  isGuarded: name === "bytes",
  seconds: 0,
  open: async (context) => {
    const { bytes } = await context.connect();
    // Warm code, and a window that has grown.
    await bytes[direction](context.quick ? 16 * MIB : 256 * MIB);
    return bytes;
  },
  warmUp: 0,
  run: async (context, bytes) => {
    const size = context.quick ? 64 * MIB : 1024 * MIB;
    const measurement = context.measurement();
    await measurement.start();
    if ((await bytes[direction](size)) !== size) throw new Error("bytes are missing");
    return await measurement.end(size / 1e6);
  },
});

const bytes = { name: "bytes", peers: ["sshrpc", "ssh2", "tls"], more: ["grpc"] };
const stock = { name: "file", peers: ["ssh-sshrpc", "ssh-sshd"] };

export const bytesCells = [
  cell("down", { ...bytes, title: "from the server" }),
  cell("up", { ...bytes, title: "to the server" }),
  cell("down", { ...stock, title: "from the server by stock ssh; sshd runs cat" }),
  cell("up", { ...stock, title: "to the server by stock ssh; sshd runs cat" }),
];
