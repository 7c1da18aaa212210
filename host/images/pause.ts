/**
 * The program that holds a pod's namespaces. It is written out as machine code, since a user's machine has no compiler
 * and a shell would cost a hundred times the memory: it takes one page of code and one of stack.
 */
import { buildExecutable } from './elf.ts';

const x86Machine = 62;

/**
 * Blocks every signal and then waits for them one by one: the first process of a PID namespace never gets a signal that
 * it neither handles nor blocks. SIGTERM and SIGINT end it; at SIGCHLD it reaps whatever has ended.
 */
// biome-ignore format: one instruction a line
const x86Code = Uint8Array.of(
  0x6a, 0xff,                         // push -1              the set of all signals, at the stack's top
  0x48, 0x89, 0xe6,                   // mov rsi, rsp
  0x31, 0xff,                         // xor edi, edi         SIG_BLOCK
  0x31, 0xd2,                         // xor edx, edx
  0x41, 0xba, 0x08, 0x00, 0x00, 0x00, // mov r10d, 8          bytes of the set
  0xb8, 0x0e, 0x00, 0x00, 0x00,       // mov eax, 14          rt_sigprocmask
  0x0f, 0x05,                         // syscall
  // wait: (offset 22)
  0x48, 0x89, 0xe7,                   // mov rdi, rsp
  0x31, 0xf6,                         // xor esi, esi
  0x31, 0xd2,                         // xor edx, edx
  0x41, 0xba, 0x08, 0x00, 0x00, 0x00, // mov r10d, 8
  0xb8, 0x80, 0x00, 0x00, 0x00,       // mov eax, 128         rt_sigtimedwait, without a time limit
  0x0f, 0x05,                         // syscall
  0x83, 0xf8, 0x0f,                   // cmp eax, 15          SIGTERM
  0x74, 0x24,                         // je exit
  0x83, 0xf8, 0x02,                   // cmp eax, 2           SIGINT
  0x74, 0x1f,                         // je exit
  0x83, 0xf8, 0x11,                   // cmp eax, 17          SIGCHLD
  0x75, 0xdd,                         // jne wait
  // reap: (offset 57)
  0x6a, 0xff,                         // push -1
  0x5f,                               // pop rdi              any child
  0x31, 0xf6,                         // xor esi, esi
  0xba, 0x01, 0x00, 0x00, 0x00,       // mov edx, 1           WNOHANG
  0x45, 0x31, 0xd2,                   // xor r10d, r10d
  0xb8, 0x3d, 0x00, 0x00, 0x00,       // mov eax, 61          wait4
  0x0f, 0x05,                         // syscall
  0x85, 0xc0,                         // test eax, eax
  0x7f, 0xe8,                         // jg reap
  0xeb, 0xc3,                         // jmp wait
  // exit: (offset 83)
  0x31, 0xff,                         // xor edi, edi
  0xb8, 0xe7, 0x00, 0x00, 0x00,       // mov eax, 231         exit_group
  0x0f, 0x05,                         // syscall
);

/** Undefined on processors for which we have no machine code; a shell does there. `architecture` as in process.arch. */
export const pauseExecutable = (architecture: string): Buffer | undefined =>
  architecture === 'x64' ? buildExecutable(x86Machine, x86Code) : undefined;

/** The same in shell words. */
export const pauseScript = 'trap "exit 0" TERM INT; while :; do sleep 2147483647 & wait $!; done';
