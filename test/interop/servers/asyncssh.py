# Runs commands by the shell, and rekeys. python3 asyncssh.py HOST_KEY AUTHORIZED_KEYS REKEY_BYTES, which prints its port
import asyncio, sys
sys.path.pop(0)  # This file would shadow the module of the same name.
import asyncssh

async def serve(process):
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_shell(process.command, stdin=pipe, stdout=pipe)

    async def receive():
        while data := await process.stdin.read(65536):
            child.stdin.write(data)
            await child.stdin.drain()
        child.stdin.close()

    async def send():
        while data := await child.stdout.read(65536):
            process.stdout.write(data)
            await process.stdout.drain()

    await asyncio.gather(receive(), send())
    process.exit(await child.wait())

async def main(host_key, authorized_keys, rekey_bytes):
    server = await asyncssh.create_server(asyncssh.SSHServer, "127.0.0.1", 0, server_host_keys=[host_key],
                                          authorized_client_keys=authorized_keys, process_factory=serve, encoding=None,
                                          rekey_bytes=int(rekey_bytes))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.wait_closed()

asyncio.run(main(*sys.argv[1:]))
