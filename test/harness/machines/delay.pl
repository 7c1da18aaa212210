# Carries whole frames between two interfaces: from the first to the second after some milliseconds, back at once.
# usage: perl delay.pl <ifindex> <ifindex> <ms>; ends when its standard input does. Perl, since every Debian has it.
use strict;
use warnings;
use Time::HiRes qw(time);

use constant { AF_PACKET => 17, SOCK_RAW => 3, SOL_PACKET => 263, PACKET_VNET_HDR => 15, PACKET_IGNORE_OUTGOING => 23 };
my ($first, $second, $delay_ms) = @ARGV;
my $any = unpack('S', pack('n', 3));

sub open_on {
  my ($index) = @_;
  socket(my $socket, AF_PACKET, SOCK_RAW, $any) or die "socket: $!";
  # With this header, frames larger than the MTU and checksums that hardware would have filled in pass as they are.
  setsockopt($socket, SOL_PACKET, PACKET_VNET_HDR, pack('i', 1)) or die "PACKET_VNET_HDR: $!";
  setsockopt($socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, pack('i', 1)) or die "PACKET_IGNORE_OUTGOING: $!";
  bind($socket, pack('S S i S C C a8', AF_PACKET, $any, $index, 0, 0, 0, '')) or die "bind: $!";
  return $socket;
}

my ($in, $out) = (open_on($first), open_on($second));
my @held;
$| = 1;
print "ready\n";
while (1) {
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for ($in, $out, *STDIN);
  my $wait = @held ? $held[0][0] - time() : undef;
  $wait = 0 if defined $wait && $wait < 0;
  select(my $ready = $bits, undef, undef, $wait);
  last if vec($ready, fileno(STDIN), 1) && !sysread(STDIN, my $ignored, 64);
  if (vec($ready, fileno($in), 1) && sysread($in, my $frame, 70000) && @held < 20000) {
    push @held, [time() + $delay_ms / 1000, $frame];
  }
  if (vec($ready, fileno($out), 1) && sysread($out, my $frame, 70000)) { syswrite($in, $frame) }
  while (@held && $held[0][0] <= time()) { syswrite($out, (shift @held)->[1]) }
}
