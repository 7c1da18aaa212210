#!/usr/bin/perl
# Takes what people wrote from the queue into the store. A job is taken off the queue only when the store has it.
use strict;
use warnings;
use IO::Socket::INET;

my $store = $ENV{STORE} // 'store:6379';
my $queue = $ENV{QUEUE} // 'queue:11300';
my $ending = 0;
$SIG{TERM} = $SIG{INT} = sub { $ending = 1 };
$SIG{PIPE} = 'IGNORE';
# A machine that died sends no farewell: whoever waits for it waits for ever.
$SIG{ALRM} = sub { die "no answer for 8 seconds\n" };
$| = 1;

until ($ending) {
    next if eval { work(); 1 };
    alarm 0;
    print "trying again in a second: $@";
    sleep 1;
}

sub work {
    alarm 8;
    my $jobs = dial($queue);
    my $entries = dial($store);
    until ($ending) {
        alarm 8;
        print $jobs "reserve-with-timeout 2\r\n";
        my $answer = <$jobs> // die "the queue hung up\n";
        next if $answer =~ /^(TIMED_OUT|DEADLINE_SOON)/;
        my ($id, $size) = $answer =~ /^RESERVED (\d+) (\d+)/ or die "the queue said $answer";
        read($jobs, my $text, $size);
        <$jobs>;
        printf $entries "*3\r\n\$5\r\nRPUSH\r\n\$9\r\nguestbook\r\n\$%d\r\n%s\r\n", length $text, $text;
        my $stored = <$entries> // die "the store hung up\n";
        die "the store said $stored" unless $stored =~ /^:/;
        print $jobs "delete $id\r\n";
        <$jobs>;
        print "stored: $text\n";
    }
}

sub dial { my ($to) = @_; return IO::Socket::INET->new(PeerAddr => $to, Timeout => 3) || die "cannot reach $to: $@\n" }
