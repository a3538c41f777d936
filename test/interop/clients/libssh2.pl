# Runs one command like `ssh`: forwards the standard streams and exits with the status of the command. perl libssh2.pl PORT KEY KNOWN_HOSTS COMMAND, or - to read that from standard input
use strict;
use warnings;
use IO::Poll qw(POLLIN POLLOUT POLLHUP);
use Net::SSH2;

my ($port, $key, $known, $command) = @ARGV;
if ($command eq '-') { # The command exceeds the length of an argument.
    local $/;
    $command = <STDIN>;
}
my $ssh = Net::SSH2->new;
$ssh->connect('127.0.0.1', $port) or die "connect: " . ($ssh->error)[2] . "\n";
$ssh->check_hostkey('strict', $known) or die "host key: " . ($ssh->error)[2] . "\n";
$ssh->auth_publickey('alice', undef, $key) or die "login: " . ($ssh->error)[2] . "\n";
my $channel = $ssh->channel or die "channel: " . ($ssh->error)[2] . "\n";
$channel->exec($command) or die "exec: " . ($ssh->error)[2] . "\n";
$ssh->blocking(0);
binmode $_ for \*STDIN, \*STDOUT, \*STDERR;
STDOUT->autoflush(1);

my ($input, $open) = ('', 1); # The data to send, and whether more may follow.
until ($channel->eof) {
    while (defined(my $read = $channel->read(my $data, 65536))) {
        last if $read == 0;
        print STDOUT $data;
    }
    while (defined(my $read = $channel->read(my $data, 65536, 1))) {
        last if $read == 0;
        print STDERR $data;
    }
    if ($input ne '') {
        my $written = $channel->write($input);
        substr($input, 0, $written) = '' if defined $written && $written > 0;
    }
    my $poll = IO::Poll->new;
    $poll->mask($ssh->sock => POLLIN);
    $poll->mask(\*STDIN => POLLIN | POLLHUP) if $open && $input eq '';
    $poll->poll($input eq '' ? 0.1 : 0.01);
    if ($open && $poll->events(\*STDIN)) {
        my $read = sysread(STDIN, $input, 30000);
        next if $read;
        $open = 0;
        $ssh->blocking(1);
        $channel->send_eof;
        $ssh->blocking(0);
    }
}
$ssh->blocking(1);
$channel->wait_closed;
exit $channel->exit_status;
