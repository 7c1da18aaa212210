import {
  buildImageArchive,
  busyboxFiles,
  busyboxImage,
  busyboxImageName,
  pauseImage,
  pauseImageName,
  searchPath,
} from './build.ts';

/** An image that is made on this machine instead of being pulled. */
export interface LocalImage {
  readonly name: string;
  /** An archive that `ctr images import` reads. */
  build(): Promise<Buffer>;
}

export const helloImageName = 'berth.local/hello:1';

/** What every machine needs: the pause image, and those that the files in manifests/ run. */
export const localImages = (): readonly LocalImage[] => [
  { name: pauseImageName, build: pauseImage },
  { name: busyboxImageName, build: busyboxImage },
  { name: helloImageName, build: helloImage },
];

/** A small web server for the files in /www, on port 8080. */
async function helloImage(): Promise<Buffer> {
  return buildImageArchive({
    name: helloImageName,
    files: [
      ...(await busyboxFiles()),
      { path: 'www/index.html', mode: 0o644, content: Buffer.from('<h1>Hello from Berth</h1>\n') },
    ],
    // As the first process of its namespace httpd would not get SIGTERM; a shell with a trap does.
    entrypoint: ['/bin/sh', '-c', 'trap "exit 0" TERM; httpd -f -p 8080 -h /www & wait $!'],
    env: { PATH: searchPath },
  });
}
