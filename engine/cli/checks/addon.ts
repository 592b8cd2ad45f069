import type { Finding } from '../finding.js';

/** Whether the Rust addon is there; Kopje runs without it, at a cost. */
export async function checkAddon(): Promise<Finding> {
  const { codecsNotice } = await import('../../../native/index.js');
  const notice = codecsNotice();
  if (notice === null) return { level: 'ok', subject: 'addon', text: 'loaded' };
  return {
    level: 'warning',
    subject: 'addon',
    text: notice,
    advice: 'in a checkout: install Rust (https://rustup.rs) and run `node native/build.mjs`',
  };
}
