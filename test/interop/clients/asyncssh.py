# Runs one command like `ssh`: forwards the standard streams and exits with the status of the command. python3 asyncssh.py PORT KEY KNOWN_HOSTS COMMAND, or - to read that from standard input; REKEY_BYTES in the environment begins rekeys
import asyncio, os, sys
sys.path.pop(0)  # This file would shadow the module of the same name.
import asyncssh

async def copy(reader, file):
    while data := await reader.read(65536):
        file.write(data)
        file.flush()

async def main(port, key, known, command):
    if command == "-":  # The command exceeds the length of an argument.
        command = sys.stdin.buffer.read().decode()
    async with asyncssh.connect("127.0.0.1", int(port), username="alice", client_keys=[key], known_hosts=known,
                                agent_path=None, config=None,
                                rekey_bytes=int(os.environ.get("REKEY_BYTES", 1 << 30))) as connection:
        # Not stdout=sys.stdout.buffer: asyncssh would leave the last bytes in a buffer of the event loop at exit.
        process = await connection.create_process(command, stdin=sys.stdin.buffer, encoding=None)
        await asyncio.gather(copy(process.stdout, sys.stdout.buffer), copy(process.stderr, sys.stderr.buffer))
        sys.exit((await process.wait()).exit_status)

asyncio.run(main(*sys.argv[1:]))
