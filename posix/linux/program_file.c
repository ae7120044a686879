/* See common/seam/program_file.h. */
#include "program_file.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int program_file_find(char *path, size_t size)
{
    const ssize_t n = readlink("/proc/self/exe", path, size - 1);

    if (n < 0)
        return -errno;
    path[n] = '\0';
    return 0;
}

/* The parts of a program, as its loader reads them: one that names a loader is dynamic. Of the two
 * classes of files that of this program counts. */
bool program_file_is_static(const char *path)
{
#if __SIZEOF_POINTER__ == 8
    Elf64_Ehdr head;
    Elf64_Phdr part;
#else
    Elf32_Ehdr head;
    Elf32_Phdr part;
#endif
    FILE *file = fopen(path, "re");
    bool is_static = file && fread(&head, sizeof head, 1, file) == 1 &&
                     memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
                     fseek(file, (long)head.e_phoff, SEEK_SET) == 0;

    for (int i = 0; is_static && i < head.e_phnum; i++)
        is_static = fread(&part, sizeof part, 1, file) == 1 && part.p_type != PT_INTERP;
    if (file)
        fclose(file);
    return is_static;
}
