// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';

const browser = { permission: 'granted' as NotificationPermission, requestPermission: () => new Promise(() => {}) };

beforeEach(() => {
  vi.resetModules();
  localStorage.clear();
  browser.permission = 'granted';
  vi.stubGlobal('Notification', browser);
});

const elsewhere = (value: string) => {
  localStorage.setItem('verbatim.notifications', value);
  dispatchEvent(new StorageEvent('storage', { key: 'verbatim.notifications' }));
};

test('what one chooses in a tab counts in the others', async () => {
  const { keepNotifications, notifications } = await import('./setting.ts');
  keepNotifications();
  expect(notifications.value).toBe('off');
  elsewhere('on');
  expect(notifications.value).toBe('on');
  elsewhere('off');
  expect(notifications.value).toBe('off');
  elsewhere('on');
  browser.permission = 'denied'; // in the browser's own settings, of which nobody tells
  dispatchEvent(new Event('focus'));
  expect(notifications.value).toBe('refused');
});

test('a question that the browser has not had answered stays asked', async () => {
  browser.permission = 'default';
  const { keepNotifications, notifications, setNotifications } = await import('./setting.ts');
  keepNotifications();
  void setNotifications(true);
  dispatchEvent(new Event('focus'));
  expect(notifications.value).toBe('asked');
  browser.permission = 'granted';
  dispatchEvent(new Event('focus'));
  expect(notifications.value).toBe('on');
});
