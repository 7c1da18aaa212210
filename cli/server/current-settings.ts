import type { Log } from '#base/log.ts';
import { withCurrentAddress } from '#host/address.ts';
import type { HostLayout } from '#host/layout.ts';
import { type HostSettings, saveSettings } from '#host/settings.ts';

/** The settings with the address that the machine has now; saved when it is another than before. */
export async function currentSettings<T extends HostSettings>(layout: HostLayout, stored: T, log: Log): Promise<T> {
  const settings = await withCurrentAddress(stored);
  if (settings.nodeAddress !== stored.nodeAddress) {
    log.info({ from: stored.nodeAddress, to: settings.nodeAddress }, 'this machine has another address now');
    saveSettings(layout.settingsFile, settings);
  }
  return settings;
}
