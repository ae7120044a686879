# Toolchain: static programs for Linux by musl, with Debian's gcc for MUSL_ARCH: x86_64, aarch64 or
# arm. MUSL_ROOT is the folder of a system that has musl-dev of that architecture; if it is not given,
# this system if it has, else a folder that musl-root fills.
#
# musl-gcc is not used: its specs know no -static-pie, and look into /usr only. Nor does musl bring
# the kernel's headers, and -isystem /usr/include would bring glibc's: so a folder of links.
set(MUSL_ARCH x86_64 CACHE STRING "Architecture of the static programs")
set(MUSL_ROOT "" CACHE PATH "The system that has musl-dev")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MUSL_ARCH MUSL_ROOT MUSL_FOLDER)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${MUSL_ARCH})

set(gnu ${MUSL_ARCH}-linux-gnu)
set(musl ${MUSL_ARCH}-linux-musl)
set(loader ld-musl-${MUSL_ARCH}.so.1)
if(MUSL_ARCH STREQUAL x86_64)
    set(debian amd64)
elseif(MUSL_ARCH STREQUAL aarch64)
    set(debian arm64)
elseif(MUSL_ARCH STREQUAL arm)
    set(debian armhf)
    set(gnu arm-linux-gnueabihf)
    set(musl arm-linux-musleabihf)
    set(loader ld-musl-armhf.so.1)
else()
    message(FATAL_ERROR "MUSL_ARCH is x86_64, aarch64 or arm, not ${MUSL_ARCH}")
endif()
find_program(COM2NET_GNU_CC ${gnu}-gcc) # also that of the libraries for programs of glibc
if(NOT COM2NET_GNU_CC)
    message(FATAL_ERROR "${gnu}-gcc is not installed (Debian's package gcc-${gnu}, or gcc where "
        "that is the machine's own architecture)")
endif()

# the kernel's headers: of the machine, or those that come with glibc's for another architecture
set(kernel /usr/include)
set(kernel_asm /usr/include/${gnu}/asm)
if(NOT MUSL_ARCH STREQUAL CMAKE_HOST_SYSTEM_PROCESSOR)
    set(kernel /usr/${gnu}/include)
    set(kernel_asm ${kernel}/asm)
endif()
if(NOT EXISTS ${kernel_asm})
    message(FATAL_ERROR "${kernel_asm} is not there (Debian's package libc6-dev, or "
        "libc6-dev-${debian}-cross for another architecture)")
endif()

if(NOT MUSL_ROOT AND NOT EXISTS /usr/include/${musl}/stdio.h)
    execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/musl-root ${debian}
        OUTPUT_VARIABLE MUSL_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
    if(failed)
        message(FATAL_ERROR "there is no musl for ${debian}: install musl-dev, or name a system that "
            "has it by -DMUSL_ROOT=FOLDER")
    endif()
    set(MUSL_ROOT ${MUSL_ROOT} CACHE PATH "The system that has musl-dev" FORCE)
endif()
# for tests with dynamic programs: the C library, and where they want it, as it is their loader
set(COM2NET_MUSL_LIBC ${MUSL_ROOT}/lib/${musl}/libc.so)
set(COM2NET_MUSL_LOADER /lib/${loader})

if(NOT MUSL_FOLDER)
    set(MUSL_FOLDER ${CMAKE_BINARY_DIR}/musl)
endif()
set(cc ${MUSL_FOLDER}/${gnu}-gcc)
if(NOT EXISTS ${cc})
    file(MAKE_DIRECTORY ${MUSL_FOLDER}/include)
    foreach(name linux asm-generic mtd)
        file(CREATE_LINK ${kernel}/${name} ${MUSL_FOLDER}/include/${name} SYMBOLIC)
    endforeach()
    file(CREATE_LINK ${kernel_asm} ${MUSL_FOLDER}/include/asm SYMBOLIC)
    # in specs a space ends a word
    string(REPLACE " " "\\ " root "${MUSL_ROOT}")
    string(REPLACE " " "\\ " folder "${MUSL_FOLDER}")
    set(inc ${root}/usr/include/${musl})
    set(lib ${root}/usr/lib/${musl})
    # libc.so is in /lib, and has to be found before libc.a in /usr/lib: a shared library would get a
    # C library of its own within it
    file(WRITE ${MUSL_FOLDER}/specs "%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem ${inc} -isystem include%s -isystem ${folder}/include %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem ${inc} -isystem include%s -isystem ${folder}/include

*link_libgcc:
-L${root}/lib/${musl} -L${lib} -L .%s

*libgcc:
libgcc.a%s %:if-exists(libgcc_eh.a%s)

*startfile:
%{shared:;static-pie:${lib}/rcrt1.o;static:${lib}/crt1.o;:${lib}/Scrt1.o} ${lib}/crti.o crtbeginS.o%s

*endfile:
crtendS.o%s ${lib}/crtn.o

*link:
-nostdlib %{shared:-shared} %{static-pie:-static -pie --no-dynamic-linker -z text} \
%{static:-static} %{!static:%{!static-pie:-dynamic-linker /lib/${loader}}} %{rdynamic:-export-dynamic}

*esp_link:


*esp_options:


*esp_cpp_options:


")
    if(MUSL_ARCH STREQUAL aarch64) # libgcc's look for glibc's __getauxval, which musl's libc.so lacks
        set(more " -mno-outline-atomics")
    endif()
    # a program of its own: flags somebody may set, and words of CMAKE_C_COMPILER may have no spaces
    file(WRITE ${cc}.new "#!/bin/sh
exec '${COM2NET_GNU_CC}' \"-specs=\${0%/*}/specs\"${more} \"\$@\"
")
    execute_process(COMMAND chmod 755 ${cc}.new)
    file(RENAME ${cc}.new ${cc})
endif()
set(CMAKE_C_COMPILER ${cc})
set(CMAKE_FIND_ROOT_PATH ${MUSL_FOLDER})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(COM2NET_STATIC ON CACHE BOOL "Build with the pinned libraries, as static ones")
