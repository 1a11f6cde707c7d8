package server

// reloadable is something that can be read anew while the server serves: certificates, say. Its error says what is
// wrong with the new, and means that the old is still in use.
type reloadable struct {
	what string
	read func() error
}

// reload is SIGHUP: it reads anew what can be, and says so. The settings themselves are flags and variables, and a
// process gets no others. Only Run calls it.
func (s *Server) reload() {
	s.manager.reloading()
	for _, r := range s.reloads {
		if err := r.read(); err != nil {
			s.log.Error().Err(err).Str("what", r.what).Msg("reload: the old is kept")
			continue
		}
		s.log.Info().Str("what", r.what).Msg("reload: read anew")
	}
	if len(s.reloads) == 0 {
		s.log.Info().Msg("reload: there is nothing to read anew: " +
			"settings are flags and variables, which change with a restart")
	}
	s.manager.ready(s.where())
}
