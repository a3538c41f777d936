# Runs one command like `ssh`: forwards the standard streams and exits with the status of the command. ruby net_ssh.rb PORT KEY KNOWN_HOSTS COMMAND
require 'net/ssh'

port, key, known, command = ARGV
[$stdin, $stdout, $stderr].each(&:binmode)
$stdout.sync = true
status = 255
options = {
  port: port.to_i, keys: [key], keys_only: true, use_agent: false, config: false, non_interactive: true,
  user_known_hosts_file: known, global_known_hosts_file: '/dev/null', verify_host_key: :always,
  auth_methods: ['publickey']
}
Net::SSH.start('127.0.0.1', 'alice', options) do |ssh|
  ssh.open_channel do |channel|
    channel.exec(command) do |_, success|
      abort 'exec was refused' unless success
      channel.on_data { |_, data| $stdout.write(data) }
      channel.on_extended_data { |_, _, data| $stderr.write(data) }
      channel.on_request('exit-status') { |_, data| status = data.read_long }
      input = true # Whether more input may follow.
      channel.on_process do
        # net-ssh keeps what exceeds the window in memory.
        if input && channel.output.length < 65_536
          case data = $stdin.read_nonblock(32_768, exception: false)
          when nil
            input = false
            channel.eof!
          when String
            channel.send_data(data)
          end
        end
      end
    end
  end
  ssh.loop(0.01)
end
exit status
