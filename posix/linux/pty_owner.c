#include "pty_owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

static int find_user(const char *name, uid_t *uid, char error[static VPORT_ERROR_MAX])
{
    char *end;

    *uid = (uid_t)-1;
    if (!name)
        return 0;
    const struct passwd *user = getpwnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!user && (end == name || *end)) {
        snprintf(error, VPORT_ERROR_MAX, "owner %.100s: there is no such user", name);
        return -EINVAL;
    }
    *uid = user ? user->pw_uid : (uid_t)number;
    return 0;
}

static int find_group(const char *name, gid_t *gid, char error[static VPORT_ERROR_MAX])
{
    char *end;

    *gid = (gid_t)-1;
    if (!name)
        return 0;
    const struct group *group = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (!group && (end == name || *end)) {
        snprintf(error, VPORT_ERROR_MAX, "group %.100s: there is no such group", name);
        return -EINVAL;
    }
    *gid = group ? group->gr_gid : (gid_t)number;
    return 0;
}

int pty_owner_find(struct pty_owner *o, const struct vport_options *options,
                   char error[static VPORT_ERROR_MAX])
{
    const int r = find_user(options->owner, &o->uid, error);

    return r < 0 ? r : find_group(options->group, &o->gid, error);
}
