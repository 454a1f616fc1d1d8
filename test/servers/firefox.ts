import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startOwnBrowser } from "./own-browser.ts";

/** Settings that keep it from opening pages of its own and from calling anybody. */
const SETTINGS: Readonly<Record<string, boolean | number | string>> = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.downloads.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "datareporting.policy.firstRunURL": "",
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "",
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Opens a page in a Firefox of its own. Returns a function that ends it. */
export function openInFirefox(program: string, url: string): Promise<() => Promise<void>> {
  const open = async (profile: string) => {
    const lines = Object.entries(SETTINGS).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    await writeFile(join(profile, "user.js"), lines.join(""));
    return { program, flags: ["--headless", "--no-remote", "--profile", profile, url], env: { HOME: profile } };
  };
  return startOwnBrowser("firefox", open);
}
