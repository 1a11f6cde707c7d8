package server

import "github.com/rs/zerolog"

// reloadable is something that can be reloaded while the server serves, certificates for example. An error of read says
// what is wrong with the new one; the old one stays in use.
type reloadable struct {
	what string
	read func() error
}

// reloadAll reloads what can be reloaded, and logs it. The settings themselves are flags and variables, which a process
// gets only once.
func reloadAll(log zerolog.Logger, all []reloadable) {
	for _, r := range all {
		if err := r.read(); err != nil {
			log.Error().Err(err).Str("what", r.what).Msg("reload: the old is kept")
			continue
		}
		log.Info().Str("what", r.what).Msg("reload: read again")
	}
	if len(all) == 0 {
		log.Info().Msg("reload: there is nothing to read again: settings are flags and variables, which change " +
			"with a restart")
	}
}
