# Finds LibTorch 2.11 and gives one target, facet_torch, to whoever includes Torch's headers.
#
#   FACET_TORCH       where Torch lies (cache or environment): a virtual environment, a folder "torch" in a site-packages,
#                     or an unpacked libtorch. Default: .venv of this checkout, which "./dev setup" fills.
#   FACET_CUDA_ARCHS  see the top CMakeLists.txt.
#   FACET_CUDA        set here: whether Torch was built with CUDA. Then the language CUDA is on, CMAKE_CUDA_ARCHITECTURES
#                     is set, and CUDA::cudart may be linked. A CPU-only Torch needs no nvcc.
#
# C++ code sees the same as FACET_CUDA=1 or 0.
#
# Torch's headers cost 20 s (<ATen/ATen.h>) to 40 s (<torch/torch.h>) in each file, and twice that with full debug symbols;
# from a precompiled header 4 s. Hence
#   target_precompile_headers(facet_engine PRIVATE <ATen/ATen.h>)
#   target_precompile_headers(some_test REUSE_FROM facet_engine)
# g++ takes a precompiled header only under the flags that it was made with, so everything that sees Torch is compiled with
# -fPIC (CMake would give programs -fPIE) and, in RelWithDebInfo, with -g1: line numbers, no variables.
#
# ccache keeps precompiled headers, too, and a second clone elsewhere hits what the first one compiled (tried: 3 of 3), with
# what the top CMakeLists.txt sets and -fpch-preprocess: the precompiled header shows in what ccache hashes.

set(FACET_TORCH "$ENV{FACET_TORCH}" CACHE PATH "LibTorch 2.11: a virtual environment, site-packages/torch or an unpacked libtorch")
set(place "${FACET_TORCH}")
if(NOT place)
    set(place "${PROJECT_SOURCE_DIR}/.venv")
endif()

# --- where it lies, and which one it is ------------------------------------------------------------------------------------
file(GLOB folders "${place}" "${place}/torch" "${place}/libtorch" "${place}/lib/python3*/site-packages/torch")
set(root "")
foreach(folder IN LISTS folders)
    if(EXISTS "${folder}/share/cmake/Torch/TorchConfig.cmake")
        set(root "${folder}")
        break()
    endif()
endforeach()
if(NOT root)
    message(FATAL_ERROR "There is no LibTorch under ${place} (no share/cmake/Torch/TorchConfig.cmake): run ./dev setup, or set FACET_TORCH to a folder with LibTorch 2.11.")
endif()
file(STRINGS "${root}/share/cmake/Torch/TorchConfigVersion.cmake" line REGEX "set\\(PACKAGE_VERSION ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${line}")
if(NOT version MATCHES "^2\\.11\\.")
    message(FATAL_ERROR "LibTorch in ${root} is version ${version}, and Facet needs 2.11: point FACET_TORCH to a 2.11, or leave it unset and run ./dev setup.")
endif()

if(EXISTS "${root}/lib/libtorch_cuda.so")
    set(FACET_CUDA ON)
else()
    set(FACET_CUDA OFF)
endif()

# --- the CUDA compiler -----------------------------------------------------------------------------------------------------
if(FACET_CUDA)
    # "./dev setup" puts NVIDIA's compiler beside Torch's CUDA libraries where the system has none. Its pieces find each other.
    get_filename_component(cu13 "${root}/../nvidia/cu13" ABSOLUTE)
    if(NOT CMAKE_CUDA_COMPILER)
        if(EXISTS "${cu13}/bin/nvcc")
            set(nvcc "${cu13}/bin/nvcc")
        elseif(DEFINED ENV{CUDACXX})
            set(nvcc "$ENV{CUDACXX}")
        else()
            find_program(FACET_NVCC nvcc PATHS /usr/local/cuda/bin)
            set(nvcc "${FACET_NVCC}")
        endif()
        if(NOT nvcc)
            message(FATAL_ERROR "The LibTorch in ${root} was built with CUDA, and there is no nvcc 13: run ./dev setup, which fetches one, or set FACET_TORCH to a CPU-only LibTorch 2.11.")
        endif()
        set(CMAKE_CUDA_COMPILER "${nvcc}" CACHE FILEPATH "nvcc 13")
    endif()
    get_filename_component(nvcc "${CMAKE_CUDA_COMPILER}" REALPATH)
    get_filename_component(toolkit "${nvcc}" DIRECTORY)
    get_filename_component(toolkit "${toolkit}" DIRECTORY)
    set(CUDAToolkit_ROOT "${toolkit}")
    set(CUDA_TOOLKIT_ROOT_DIR "${toolkit}" CACHE PATH "CUDA toolkit" FORCE)
    set(ENV{CUDA_HOME} "${toolkit}")

    # Which cards the kernels are compiled for: this machine's, or plain code for all from 8.0 on and Hopper's own.
    set(archs "${FACET_CUDA_ARCHS}")
    if(NOT archs)
        execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
            OUTPUT_VARIABLE archs ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
        if(failed OR NOT archs MATCHES "^[0-9]+\\.[0-9]")
            set(archs "80-virtual;90a")
        else()
            string(REPLACE "\n" ";" archs "${archs}")
            string(REPLACE "." "" archs "${archs}")
            list(REMOVE_DUPLICATES archs)
            # From Hopper on, the card's own instructions (wgmma, TMA multicast) need the "a" target.
            list(TRANSFORM archs REPLACE "^([0-9]+)$" "\\1a" REGEX "^(90|1[0-9][0-9])$")
        endif()
    endif()
    set(CMAKE_CUDA_ARCHITECTURES "${archs}")

    enable_language(CUDA)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13 OR CMAKE_CUDA_COMPILER_VERSION VERSION_GREATER_EQUAL 14)
        message(FATAL_ERROR "${CMAKE_CUDA_COMPILER} is version ${CMAKE_CUDA_COMPILER_VERSION}, and LibTorch 2.11 needs CUDA 13: set CUDACXX to an nvcc 13, or unset it and run ./dev setup.")
    endif()
    # CMake 3.25 does not know yet that nvcc has C++20.
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA_STANDARD 20)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(CMAKE_CUDA_EXTENSIONS OFF)
    set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)  # one CUDA runtime in the process: Torch's
endif()

# --- Torch -----------------------------------------------------------------------------------------------------------------
# Torch's package adds its own flags for every .cu file of the project and refuses CMAKE_CUDA_ARCHITECTURES. Our kernels do
# not include Torch, so both are put back as they were.
set(ourCudaFlags "${CMAKE_CUDA_FLAGS}")
set(ourArchs "${CMAKE_CUDA_ARCHITECTURES}")
unset(CMAKE_CUDA_ARCHITECTURES)
unset(CMAKE_CUDA_ARCHITECTURES CACHE)
set(TORCH_CUDA_ARCH_LIST "8.0")
set(kineto_LIBRARY "${root}/lib" CACHE INTERNAL "")  # the wheels lack this static library, and Torch warns about it
find_package(Torch 2.11 REQUIRED CONFIG PATHS "${root}/share/cmake/Torch" NO_DEFAULT_PATH)
set_target_properties(caffe2::mkl PROPERTIES INTERFACE_LINK_DIRECTORIES "")  # Torch has MKL inside; these became odd RPATHs
if(FACET_CUDA)
    set(CMAKE_CUDA_FLAGS "${ourCudaFlags}")
    set(CMAKE_CUDA_ARCHITECTURES "${ourArchs}")
endif()

add_library(facet_torch INTERFACE)
target_include_directories(facet_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# libtorch.so exports an old std::filesystem of its own, whose remove_all() crashes with the system's iterators. The first
# library that a program names wins, so that is the system's.
target_link_libraries(facet_torch INTERFACE stdc++ torch_library c10)
target_compile_definitions(facet_torch INTERFACE FACET_CUDA=$<BOOL:${FACET_CUDA}>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(facet_torch INTERFACE
        $<$<COMPILE_LANGUAGE:CXX>:-fPIC -fpch-preprocess $<$<CONFIG:RelWithDebInfo>:-g1>>)
endif()

# Programs run from the build folder. Torch's CUDA libraries come first, so that a system's toolkit never stands in for them.
list(PREPEND CMAKE_BUILD_RPATH "${root}/lib")
if(FACET_CUDA)
    target_link_libraries(facet_torch INTERFACE c10_cuda)
    list(INSERT CMAKE_BUILD_RPATH 1 "${cu13}/lib")
endif()

message(STATUS "Torch ${version} in ${root}, CUDA: ${FACET_CUDA} ${CMAKE_CUDA_ARCHITECTURES}")
