// Chromium and Firefox: a page, and in Chromium a module worker.
import puppeteer from "puppeteer-core";
import { chromiumFlags, explain, findBrowsers } from "../../js/build/browsers.mjs";
import { testRuntime } from "./lab.mjs";
import { runInPage } from "./pages.mjs";

const found = findBrowsers();

function inBrowser(name, program, kind, options) {
  testRuntime(name, {
    page: true,
    stores: ["IndexedDB", "Cache API"],
    absent: found[program] ? false : explain(program),
    async launch(lab, report) {
      const browser = await puppeteer.launch({ executablePath: found[program], headless: true, ...options });
      try {
        await runInPage(kind, lab, report, async (address) => {
          const page = await browser.newPage();
          await page.goto(address);
        });
      } finally {
        await browser.close();
      }
    },
  });
}

inBrowser("Chromium, page", "chromium", "page", { args: chromiumFlags });
inBrowser("Chromium, module worker", "chromium", "worker", { args: chromiumFlags });
inBrowser("Firefox, page", "firefox", "page", { browser: "firefox" });
