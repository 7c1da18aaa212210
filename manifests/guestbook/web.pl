#!/usr/bin/perl
# The web tier: shows the entries of the store, and puts what people write into the queue. One process for each request.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ':sys_wait_h';

my $store = $ENV{STORE} // 'store:6379';
my $queue = $ENV{QUEUE} // 'queue:11300';
my $where = ($ENV{POD_NAME} // 'a pod') . ' on ' . ($ENV{NODE_NAME} // 'a machine');

my $server = IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => 8080, Listen => 128, ReuseAddr => 1)
  or die "cannot listen: $!";
my $ending = 0;
$SIG{TERM} = $SIG{INT} = sub { $ending = 1; $server->close };
$SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0 };
$SIG{PIPE} = 'IGNORE';

until ($ending) {
    my $client = $server->accept or next;
    my $pid = fork;
    if (defined $pid && $pid == 0) {
        $SIG{TERM} = 'IGNORE';
        $SIG{CHLD} = 'DEFAULT';
        alarm 10;
        answer($client);
        exit 0;
    }
    close $client;
}
# What is being answered is answered to its end.
$SIG{CHLD} = 'DEFAULT';
1 while wait > 0;

sub answer {
    my ($client) = @_;
    my ($method, $path) = (<$client> // '') =~ m{^(\S+) (\S+)} or return;
    my $length = 0;
    while (defined(my $line = <$client>)) {
        $line =~ s/\r?\n$//;
        last if $line eq '';
        $length = $1 if $line =~ /^content-length:\s*(\d+)/i;
    }
    my $body = '';
    read $client, $body, $length > 4096 ? 4096 : $length if $length;
    return respond($client, '200 OK', "ok\n") if $path eq '/healthz';
    my $done = eval { $method eq 'POST' ? add($client, $body) : show($client); 1 };
    respond($client, '503 Service Unavailable', "not now: $@") unless $done;
}

sub show {
    my ($client) = @_;
    my @entries = entries();
    respond($client, '200 OK', join('', map { "$_\n" } @entries) . "-- served by $where\n");
}

sub add {
    my ($client, $body) = @_;
    $body =~ s/[^[:print:]]/ /g;
    my $socket = dial($queue);
    printf $socket "put 0 0 30 %d\r\n%s\r\n", length $body, $body;
    my $answer = <$socket> // 'nothing';
    die "the queue said $answer" unless $answer =~ /^INSERTED/;
    respond($client, '202 Accepted', "thank you\n");
}

sub entries {
    my $socket = dial($store);
    print $socket "LRANGE guestbook 0 99\r\n";
    my ($count) = (<$socket> // '') =~ /^\*(\d+)/ or die "the store gave no list\n";
    return map {
        my ($size) = (<$socket> // '') =~ /^\$(\d+)/ or die "the store broke off\n";
        read($socket, my $entry, $size);
        <$socket>;
        $entry;
    } 1 .. $count;
}

sub dial { my ($to) = @_; return IO::Socket::INET->new(PeerAddr => $to, Timeout => 3) || die "cannot reach $to: $@\n" }

sub respond {
    my ($client, $status, $text) = @_;
    print $client "HTTP/1.1 $status\r\nContent-Type: text/plain\r\nContent-Length: ", length $text, "\r\nConnection: close\r\n\r\n", $text;
    close $client;
}
