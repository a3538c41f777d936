#!/usr/bin/env escript
%% Runs one command like `ssh` with Erlang's ssh: forwards the standard streams and exits with the status of the command. escript erlang.escript PORT KEY KNOWN_HOSTS COMMAND
main([Port, Key, Known, Command]) ->
    ok = logger:set_primary_config(level, error), % Its log goes to standard output.
    {ok, _} = application:ensure_all_started(ssh),
    Directory = filename:join(filename:dirname(Key), "erlang"),
    ok = filelib:ensure_dir(filename:join(Directory, "x")),
    {ok, _} = file:copy(Key, filename:join(Directory, "id_ed25519")),
    {ok, _} = file:copy(Known, filename:join(Directory, "known_hosts")),
    ok = io:setopts(standard_io, [binary, {encoding, latin1}]),
    Options = [{user, "alice"}, {user_dir, Directory}, {user_interaction, false}, {silently_accept_hosts, false}],
    {ok, Connection} = ssh:connect("127.0.0.1", list_to_integer(Port), Options, 20000),
    {ok, Channel} = ssh_connection:session_channel(Connection, 20000),
    success = ssh_connection:exec(Connection, Channel, unicode:characters_to_binary(Command), 20000),
    spawn_link(fun() -> send(Connection, Channel) end),
    receive_all(Connection, Channel, 255).

send(Connection, Channel) ->
    case file:read(standard_io, 32768) of
        {ok, Data} ->
            ok = ssh_connection:send(Connection, Channel, Data),
            send(Connection, Channel);
        eof ->
            ssh_connection:send_eof(Connection, Channel)
    end.

receive_all(Connection, Channel, Status) ->
    receive
        {ssh_cm, Connection, {data, Channel, Type, Data}} ->
            ok = file:write(case Type of 0 -> standard_io; _ -> standard_error end, Data),
            ssh_connection:adjust_window(Connection, Channel, byte_size(Data)),
            receive_all(Connection, Channel, Status);
        {ssh_cm, Connection, {exit_status, Channel, Code}} ->
            receive_all(Connection, Channel, Code);
        {ssh_cm, Connection, {closed, Channel}} ->
            halt(Status);
        {ssh_cm, Connection, _} ->
            receive_all(Connection, Channel, Status)
    end.
