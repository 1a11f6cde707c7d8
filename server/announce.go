package server

// announce prints on stdout where the server listens, and logs its state and what an operator should know. Connections
// already queue at that time.
func (s *Server) announce() {
	for _, url := range s.where() {
		s.stdout.Say("listening on " + url + "\n")
	}
	var open []string
	for _, l := range s.listeners {
		if l.Open {
			open = append(open, l.Addr().String())
		}
	}
	s.manager.ready(s.where())
	logRecovered(s.log, s.record.Recovered(), s.cfg.DataDir, s.started)
	e := s.log.Info().Strs("addresses", s.where()).Str("data", s.cfg.DataDir).Bool("redis", s.cfg.Redis != "")
	if s.publicURL != nil {
		e = e.Str("public_url", s.publicURL.String())
	}
	e.Msg("serving")
	if len(open) > 0 && !s.cfg.withTokens() {
		s.log.Warn().Strs("addresses", open).
			Msg("open to everybody who reaches these addresses: names are not checked (--auth open)")
	}
	s.admin.announce()
	s.budget.warn(s.log, s.cfg)
}

// where returns the printed name of each --listen, or of each socket that systemd handed over.
func (s *Server) where() (urls []string) {
	for _, l := range s.listeners {
		if l.URL != "" {
			urls = append(urls, l.URL)
		}
	}
	return urls
}
