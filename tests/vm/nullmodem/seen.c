// SPDX-License-Identifier: GPL-2.0
/*
 * seen - what an end of the cable has seen, for the tests to read in debugfs.  The text is
 * described at the head of box.c.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "wire.h"

struct seen *see(struct end *e, enum seen_kind kind, ktime_t at)
{
	struct seen *s = &e->seen[e->seen_n++ % SEEN_MAX];

	*s = (struct seen){.kind = kind, .at = at, .until = at};
	return s;
}

struct seen *see_data(struct end *e, const struct settings *of, ktime_t at)
{
	struct seen *s = &e->seen[(e->seen_n - 1) % SEEN_MAX];

	if (!e->seen_n || s->kind != SEEN_DATA || !same_frame(&s->set.frame, &of->frame)) {
		s = see(e, SEEN_DATA, at);
		s->set = *of;
	}
	s->until = at;
	return s;
}

static void show_lines(struct seq_file *m, const struct seen *s)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} lines[] = {
	    {TIOCM_CTS, "cts"},
	    {TIOCM_DSR, "dsr"},
	    {TIOCM_CAR, "dcd"},
	    {TIOCM_RI, "ri"},
	};
	const char *between = " changed=";
	int i;

	seq_puts(m, "lines");
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		seq_printf(m, " %s=%d", lines[i].name, !!(s->lines & lines[i].bit));
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		if (s->changed & lines[i].bit) {
			seq_printf(m, "%s%s", between, lines[i].name);
			between = ",";
		}
	seq_putc(m, '\n');
}

static void show(struct seq_file *m, const struct seen *s)
{
	static const char *const flows[] = {"none", "rtscts", "xon", "rtscts,xon"};
	const struct frame *f = &s->set.frame;

	seq_printf(m, "%lld ", ktime_to_ns(s->at));
	switch (s->kind) {
	case SEEN_OPEN:
		seq_puts(m, "open\n");
		break;
	case SEEN_CLOSE:
		seq_puts(m, "close\n");
		break;
	case SEEN_SET:
		seq_printf(m, "set %u %u%c%u flow=%s hupcl=%d\n", f->baud, f->bits, f->parity,
			   f->stop, flows[s->set.flow], s->set.hupcl);
		break;
	case SEEN_LINES:
		show_lines(m, s);
		break;
	case SEEN_DATA:
		seq_printf(m, "data %u %u%c%u n=%u framing=%u parity=%u overrun=%u lost=%u",
			   f->baud, f->bits, f->parity, f->stop, s->n, s->framing, s->parity,
			   s->overrun, s->lost);
		seq_printf(m, " until=%lld hex=%*phN\n", ktime_to_ns(s->until),
			   min_t(int, s->n, SEEN_BYTES), s->bytes);
		break;
	case SEEN_BREAK_ON:
		seq_puts(m, "break on\n");
		break;
	case SEEN_BREAK_OFF:
		seq_printf(m, "break off ns=%lld\n", s->lasted_ns);
		break;
	case SEEN_FLUSH:
		seq_printf(m, "flush n=%u\n", s->n);
		break;
	}
}

static int show_all(struct seq_file *m, void *unused)
{
	struct end *e = m->private;
	unsigned int i;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	for (i = e->seen_n > SEEN_MAX ? e->seen_n - SEEN_MAX : 0; i < e->seen_n; i++)
		show(m, &e->seen[i % SEEN_MAX]);
	wire_release(e, now, flags);
	return 0;
}

static int seen_open(struct inode *inode, struct file *file)
{
	return single_open(file, show_all, inode->i_private);
}

static ssize_t seen_forget(struct file *file, const char __user *data, size_t n, loff_t *at)
{
	struct end *e = ((struct seq_file *)file->private_data)->private;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	e->seen_n = 0;
	wire_release(e, now, flags);
	return n;
}

const struct file_operations seen_ops = {
    .owner = THIS_MODULE,
    .open = seen_open,
    .read = seq_read,
    .write = seen_forget,
    .llseek = seq_lseek,
    .release = single_release,
};
