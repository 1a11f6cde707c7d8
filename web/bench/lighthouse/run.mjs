// Runs Lighthouse on the address of a browser that listens on a port, and prints the scores and what failed as JSON.
//   node run.mjs PORT URL
import lighthouse from 'lighthouse';

const [port, url] = process.argv.slice(2);
const categories = ['accessibility', 'best-practices'];
const result = await lighthouse(url, {
  port: Number(port),
  logLevel: 'error',
  onlyCategories: categories,
  formFactor: 'desktop',
  screenEmulation: { disabled: true },
  throttlingMethod: 'provided',
  disableStorageReset: true, // the name that was chosen stays
});
const { audits, categories: judged, runtimeError } = result.lhr;
if (runtimeError) throw new Error(runtimeError.message);
const scores = categories.map((id) => ({
  category: id,
  score: Math.round(judged[id].score * 100),
  failed: judged[id].auditRefs
    .map(({ id: audit }) => audits[audit])
    .filter(({ score }) => score !== null && score < 1)
    .map(
      ({ id: audit, title, details }) =>
        `${audit}: ${title} ${JSON.stringify(details?.items?.[0] ?? '').slice(0, 160)}`,
    ),
}));
console.log(JSON.stringify({ url: result.lhr.finalDisplayedUrl, scores }));
