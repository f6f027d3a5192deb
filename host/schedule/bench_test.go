package schedule

import "testing"

func BenchmarkNext(b *testing.B) {
	for _, c := range []struct{ name, spec string }{
		{"every", "every 15m"},
		{"minutes", "cron */15 * * * *"},
		{"daily/UTC", "cron 0 9 * * *"},
		{"daily/Berlin", "cron 0 9 * * * zone Europe/Berlin"},
		{"leap days/UTC", "cron 0 0 29 2 *"},
		{"leap days/Berlin", "cron 0 0 29 2 * zone Europe/Berlin"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := compile(b, c.spec)
			after := instant(b, "2096-02-29T12:00:00Z") // eight years to the next
			for b.Loop() {
				s.Next(after)
			}
		})
	}
}

// BenchmarkPlan is a worker that comes back after a year of seconds.
func BenchmarkPlan(b *testing.B) {
	s := compile(b, "cron * * * * * * zone Europe/Berlin")
	scheduled, now := instant(b, "2025-11-24T09:00:00Z"), instant(b, "2026-11-24T09:00:00Z")
	for b.Loop() {
		s.Plan(scheduled, now, Once)
	}
}

func BenchmarkCompile(b *testing.B) {
	spec := Spec{Cron: "0 9 * * mon-fri", Zone: "Europe/Berlin"}
	for b.Loop() {
		if _, err := spec.Compile(); err != nil {
			b.Fatal(err)
		}
	}
}
