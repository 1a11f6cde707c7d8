// What a person can set: the colours, and whether the page may call them.
import { chooseEnterKey, enterKey, enterKeys } from '../composer/enter.ts';
import { Dialog } from '../dialog/dialog.tsx';
import { sheet } from '../dialog/sheet.ts';
import { notifications, setNotifications } from '../notifications/setting.ts';
import { strings } from '../strings.ts';
import './settings.css';
import { chooseTheme, theme, themes } from './theme.ts';

export function Settings() {
  return (
    <Dialog title={strings.settings.title}>
      <fieldset class="choices">
        <legend>{strings.settings.theme}</legend>
        {themes.map((each) => (
          <label key={each}>
            <input type="radio" name="theme" checked={theme.value === each} onChange={() => chooseTheme(each)} />
            {strings.settings.themes[each]}
          </label>
        ))}
      </fieldset>
      <fieldset class="choices">
        <legend>{strings.settings.enter}</legend>
        {enterKeys.map((each) => (
          <label key={each}>
            <input type="radio" name="enter" checked={enterKey.value === each} onChange={() => chooseEnterKey(each)} />
            {strings.settings.enterKeys[each]}
          </label>
        ))}
      </fieldset>
      <Notifications />
      <button class="button" onClick={() => (sheet.value = 'help')}>{strings.settings.help}</button>
    </Dialog>
  );
}

function Notifications() {
  const state = notifications.value;
  const refused = state === 'refused' || state === 'absent';
  const change = ({ currentTarget: box }: { currentTarget: HTMLInputElement }) => {
    const on = box.checked;
    box.checked = state === 'on'; // until the browser has said yes
    void setNotifications(on);
  };
  return (
    <div class="setting">
      <label>
        <input type="checkbox" checked={state === 'on'} disabled={refused} aria-describedby="notifications-hint" onChange={change} />
        {strings.settings.notifications}
      </label>
      <p class="hint" id="notifications-hint">{strings.settings.notificationsHint[state]}</p>
    </div>
  );
}
