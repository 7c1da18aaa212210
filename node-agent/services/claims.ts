/** Who has a place that several ask for: the oldest. */
export interface Claims {
  /** Replaces what the owner asks for. Returns the others whose places have changed by that. */
  ask(owner: string, rank: string, places: readonly string[]): ReadonlySet<string>;
  drop(owner: string): ReadonlySet<string>;
  has(owner: string, place: string): boolean;
}

interface Claim {
  readonly owner: string;
  readonly rank: string;
}

export function createClaims(): Claims {
  const claims = new Map<string, readonly Claim[]>();
  const asked = new Map<string, readonly string[]>();

  const change = (place: string, owner: string, rank: string | undefined): string[] => {
    const before = claims.get(place) ?? [];
    const others = before.filter((claim) => claim.owner !== owner);
    const after = rank === undefined ? others : [...others, { owner, rank }].sort(byAge);
    if (after.length === 0) claims.delete(place);
    else claims.set(place, after);
    const [was, is] = [before[0]?.owner, after[0]?.owner];
    return was === is ? [] : [was, is].filter((one) => one !== undefined && one !== owner).map(String);
  };

  const ask = (owner: string, rank: string | undefined, places: readonly string[]): Set<string> => {
    const affected = new Set<string>();
    const wanted = new Set(places);
    for (const place of asked.get(owner) ?? []) {
      if (!wanted.has(place)) for (const other of change(place, owner, undefined)) affected.add(other);
    }
    for (const place of wanted) for (const other of change(place, owner, rank)) affected.add(other);
    if (wanted.size === 0) asked.delete(owner);
    else asked.set(owner, places);
    return affected;
  };

  return {
    ask,
    drop: (owner) => ask(owner, undefined, []),
    has: (owner, place) => claims.get(place)?.[0]?.owner === owner,
  };
}

const byAge = (a: Claim, b: Claim): number =>
  a.rank === b.rank ? (a.owner < b.owner ? -1 : 1) : a.rank < b.rank ? -1 : 1;
