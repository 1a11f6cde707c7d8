// Everything that is measured of the page, in the order of the table.
import { useBrowser } from '../test/browser.ts';
import { useServer } from '../test/server.ts';
import { axe } from './axe.ts';
import { firstLoad } from './first-load.ts';
import { keyboard } from './keyboard.ts';
import { lighthouse } from './lighthouse.ts';
import { loading } from './loading.ts';
import { measure } from './measure.ts';
import { memory } from './memory.ts';
import { opening } from './opening.ts';
import { typing } from './typing.ts';

const browser = useBrowser();
const server = useServer();

measure('first load', () => firstLoad(browser(), server()));
measure('loading', () => loading(browser(), server()));
measure('opening a long conversation', () => opening(browser(), server()));
measure('memory', () => memory(browser(), server()));
measure('typing while messages stream in', () => typing(server()));
measure('axe', () => axe(browser(), server()));
measure('keyboard', () => keyboard(browser(), server()));
measure('Lighthouse', () => lighthouse(server()));
