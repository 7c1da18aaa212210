import type { ApiClient } from '#client/api-client.ts';

/** A client with connections that nobody else uses. */
export interface LeaseConnection {
  readonly client: ApiClient;
  /** Cuts what is under way. Never throws. */
  close(): void;
}

export interface Lane {
  readonly client: ApiClient;
  /** It has answered: it is the one to use from now on, whatever was opened since. */
  keep(): void;
  /** The attempt that took it has ended. */
  release(): void;
}

/** Connections for attempts that may hang: one is used again and again until it does, and closed once its attempt has ended. */
export interface Lanes {
  /** `fresh`: the attempt before has not been answered; its connection may be dead. */
  take(fresh: boolean): Lane;
  close(): void;
}

export function createLanes(connect: () => LeaseConnection): Lanes {
  let current: { readonly connection: LeaseConnection; users: number } | undefined;
  return {
    take(fresh) {
      if (!current || fresh) current = { connection: connect(), users: 0 };
      const lane = current;
      lane.users += 1;
      return {
        client: lane.connection.client,
        keep() {
          const other = current;
          current = lane;
          if (other && other !== lane && other.users === 0) other.connection.close();
        },
        release() {
          lane.users -= 1;
          if (lane.users === 0 && lane !== current) lane.connection.close();
        },
      };
    },
    close() {
      current?.connection.close();
      current = undefined;
    },
  };
}
