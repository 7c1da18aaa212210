/** The interface numbers signals by the alphabet, not as Linux does. */
const names =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN'.split(
    ' ',
  );

/** 0 (the runtime's default) for names that the interface does not have. */
export function toSignalNumber(name: string): number {
  const short = name.replace(/^SIG/, '');
  const index = names.indexOf(short);
  if (index >= 0) return index + 1;
  if (short === 'RTMAX') return 65;
  const relative = /^RT(MIN|MAX)(?:\+|-|PLUS|MINUS)(\d+)$/.exec(short);
  if (!relative) return 0;
  const offset = Number(relative[2]);
  if (offset < 1 || offset > (relative[1] === 'MIN' ? 15 : 14)) return 0;
  return relative[1] === 'MIN' ? 35 + offset : 65 - offset;
}
