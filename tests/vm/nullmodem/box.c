// SPDX-License-Identifier: GPL-2.0
/*
 * nullmodem - pairs of tty devices joined by a null-modem cable that exists only here.
 *
 * /dev/ttyNM0 and /dev/ttyNM1 are the ends of the first pair, and so on.  Lines:
 *   RTS -> the other end's CTS      DTR -> its DSR and DCD      OUT1 -> its RI
 * A break is received as a break.  CRTSCTS, XON/XOFF, tcflow() and HUPCL are obeyed;
 * TIOCMIWAIT, TIOCGICOUNT, TIOCSERGETLSR and the low_latency flag work.  For tests only:
 * what a virtual machine's own serial ports lack is each other's modem lines, a wire that
 * takes time, and a witness.  Written for the kernel of Debian 12 (6.1).
 *
 * By default a byte is received as it is written, whatever the settings of the two ends.
 * Parameters, those marked * also by way of /sys/module/nullmodem/parameters:
 *   pairs=N    number of cables
 *   queue=N    bytes that an end queues for sending, a power of two
 *   pace=1   * frames take their time on the wire.  Bytes in the transmitter (fifo=N *) no
 *              longer count as queued, as in a 16550: TIOCOUTQ leaves them out and tcflush()
 *              does not take them back.  Nothing holds back a sender without flow control,
 *              so that a receiver that sleeps for long enough loses bytes.
 *   strict=1 * the settings of both ends matter.  Sent with other data bits, at a speed more
 *              than 5 % off, or while its sender's settings were changed, a byte is a framing
 *              error; sent with another parity, a parity error; sent during a break, lost.
 *   overrun=N* every N-th byte that an end receives is lost as an overrun
 *   stall=1  * changes of ttyNM0's settings, lines and breaks, and its last close, do not
 *              return before it is 0, as those of a USB adapter that does not answer
 *   clock=HZ * speeds are HZ/16 divided by a whole number, and read back so; 0: any speed
 *   unplug=N * (write only) ttyNM<N> is hung up and gone, like an adapter pulled out
 *   replug=N * (write only) it is back, with default settings
 *
 * /sys/kernel/debug/nullmodem/ttyNM<N> tells what that end has seen, oldest first; writing to
 * it forgets.  A line begins with the time in ns (the monotonic clock) and a word:
 *   open | close                                 the first open, the last close
 *   set 9600 8N1 flow=none hupcl=1               its own settings, where they changed
 *   lines cts=1 dsr=1 dcd=1 ri=0 changed=dsr,dcd what reached it at one instant
 *   data 9600 8N1 n=5 framing=0 parity=0 overrun=0 lost=0 until=NS hex=68656c6c6f
 *                    bytes that followed each other under the same settings of their sender
 *   break on | break off ns=LENGTH
 *   flush n=7                                    bytes that its owner threw out of its queue
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/tty_driver.h>

#include "box.h"
#include "tty.h"
#include "wire.h"

static unsigned int pairs = 2;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "number of cables");

static struct end *ends;
static struct platform_device *box; /* the parent of all, lest they look like consoles */
static struct tty_driver *driver;
static struct dentry *debug_dir;

struct end *box_end(unsigned int index)
{
	return &ends[index];
}

static int plug_in(struct end *e)
{
	struct device *device;

	e->fresh = true;
	WRITE_ONCE(e->gone, false);
	device = tty_port_register_device(&e->port, driver, e->index, &box->dev);
	if (IS_ERR(device))
		return PTR_ERR(device);
	e->registered = true;
	return 0;
}

static void pull_out(struct end *e)
{
	struct tty_struct *tty;

	WRITE_ONCE(e->gone, true);
	tty = tty_port_tty_get(&e->port);
	if (tty)
		tty_vhangup(tty);
	tty_kref_put(tty);
	wire_set_lines(e, 0, TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1);
	tty_unregister_device(driver, e->index);
	e->registered = false;
}

/* The end that a parameter names.  The kernel holds the lock of the module's parameters. */
static struct end *end_named(const char *text)
{
	unsigned int index;

	if (!driver || kstrtouint(text, 10, &index) || index >= 2 * pairs)
		return NULL;
	return &ends[index];
}

static int set_unplug(const char *text, const struct kernel_param *unused)
{
	struct end *e = end_named(text);

	if (!e || !e->registered)
		return -ENODEV;
	pull_out(e);
	return 0;
}

static int set_replug(const char *text, const struct kernel_param *unused)
{
	struct end *e = end_named(text);

	if (!e || e->registered)
		return -ENODEV;
	return plug_in(e);
}

static const struct kernel_param_ops unplug_ops = {.set = set_unplug};
static const struct kernel_param_ops replug_ops = {.set = set_replug};
module_param_cb(unplug, &unplug_ops, NULL, 0200);
module_param_cb(replug, &replug_ops, NULL, 0200);
MODULE_PARM_DESC(unplug, "number of the device to hang up and remove");
MODULE_PARM_DESC(replug, "number of the device to bring back");

static int make_end(unsigned int index)
{
	struct end *e = &ends[index];
	char name[16];
	int error = wire_init(e, &ends[index ^ 1]);

	if (error)
		return error;
	e->index = index;
	tty_port_init(&e->port);
	e->port.ops = &tty_port_ops;
	snprintf(name, sizeof(name), "ttyNM%u", index);
	debugfs_create_file(name, 0600, debug_dir, e, &seen_ops);
	return 0;
}

static struct tty_driver *make_driver(void)
{
	struct tty_driver *d = tty_alloc_driver(2 * pairs, TTY_DRIVER_DYNAMIC_DEV);
	int error;

	if (IS_ERR(d))
		return d;
	d->driver_name = "nullmodem";
	d->name = "ttyNM";
	d->type = TTY_DRIVER_TYPE_SERIAL;
	d->subtype = SERIAL_TYPE_NORMAL;
	d->init_termios = tty_std_termios;
	d->init_termios.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL;
	d->init_termios.c_ispeed = 9600;
	d->init_termios.c_ospeed = 9600;
	tty_set_operations(d, &tty_ops);
	error = tty_register_driver(d);
	if (!error)
		return d;
	tty_driver_kref_put(d);
	return ERR_PTR(error);
}

/* Undoes what nm_init() has done so far. */
static void clear_away(void)
{
	unsigned int i;

	debugfs_remove_recursive(debug_dir);
	for (i = 0; i < 2 * pairs; i++)
		if (ends[i].registered)
			tty_unregister_device(driver, i);
	platform_device_unregister(box);
	if (driver) {
		tty_unregister_driver(driver);
		tty_driver_kref_put(driver);
	}
	for (i = 0; i < 2 * pairs; i++)
		if (ends[i].port.ops) {
			wire_destroy(&ends[i]);
			tty_port_destroy(&ends[i].port);
		}
	kfree(ends);
}

static int __init nm_init(void)
{
	struct tty_driver *d;
	unsigned int i;
	int error = 0;

	if (!pairs || pairs > 32)
		return -EINVAL;
	ends = kcalloc(2 * pairs, sizeof(*ends), GFP_KERNEL);
	if (!ends)
		return -ENOMEM;
	debug_dir = debugfs_create_dir("nullmodem", NULL);
	for (i = 0; i < 2 * pairs && !error; i++)
		error = make_end(i);
	if (error)
		goto fail;
	d = make_driver();
	error = PTR_ERR_OR_ZERO(d);
	if (error)
		goto fail;
	driver = d;
	box = platform_device_register_simple("nullmodem", PLATFORM_DEVID_NONE, NULL, 0);
	error = PTR_ERR_OR_ZERO(box);
	for (i = 0; i < 2 * pairs && !error; i++)
		error = plug_in(&ends[i]);
	if (!error)
		return 0;
fail:
	clear_away();
	return error;
}

static void __exit nm_exit(void)
{
	clear_away();
}

module_init(nm_init);
module_exit(nm_exit);
MODULE_DESCRIPTION("Null-modem tty pairs for tests");
MODULE_LICENSE("GPL");
