// What a person can set.
import { h } from 'preact';
import { chooseEnterKey, enterKey, enterKeys } from '../composer/enter.ts';
import { Dialog } from '../dialog/dialog.tsx';
import { openDialog } from '../dialog/open-dialog.ts';
import { strings } from '../dialog/strings.ts';
import { notifications, setNotifications } from '../notifications/setting.ts';
import { chooseDensity, densities, density } from './density.ts';
import './settings.css';
import { chooseTheme, theme, themes } from './theme.ts';

export function Settings() {
  return (
    <Dialog title={strings.settings.title}>
      <Choice
        name="theme"
        legend={strings.settings.theme}
        words={strings.settings.themes}
        all={themes}
        chosen={theme.value}
        choose={chooseTheme}
      />
      <Choice
        name="density"
        legend={strings.settings.density}
        words={strings.settings.densities}
        all={densities}
        chosen={density.value}
        choose={chooseDensity}
      />
      <Choice
        name="enter"
        legend={strings.settings.enter}
        words={strings.settings.enterKeys}
        all={enterKeys}
        chosen={enterKey.value}
        choose={chooseEnterKey}
      />
      <Notifications />
      <button class="button" onClick={() => (openDialog.value = 'help')}>
        {strings.settings.help}
      </button>
    </Dialog>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  legend: string;
  words: Record<T, string>;
  all: readonly T[];
  chosen: T;
  choose(chosen: T): void;
}

function Choice<T extends string>({ name, legend, words, all, chosen, choose }: ChoiceProps<T>) {
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {all.map((each) => (
        <label key={each}>
          <input type="radio" name={name} checked={chosen === each} onChange={() => choose(each)} />
          {words[each]}
        </label>
      ))}
    </fieldset>
  );
}

function Notifications() {
  const state = notifications.value;
  const refused = state === 'refused' || state === 'absent';
  const change = ({ currentTarget: box }: { currentTarget: HTMLInputElement }) => {
    const on = box.checked;
    box.checked = on && Notification.permission === 'granted'; // else not until the browser has said yes
    void setNotifications(on);
  };
  return (
    <div class="setting">
      <label>
        <input
          type="checkbox"
          checked={state === 'on'}
          disabled={refused}
          aria-describedby="notifications-hint"
          onChange={change}
        />
        {strings.settings.notifications}
      </label>
      <p class="hint" id="notifications-hint">
        {strings.settings.notificationsHint[state]}
      </p>
    </div>
  );
}
